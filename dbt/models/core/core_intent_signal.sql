{{ config(
    materialized='incremental', incremental_strategy='replace_periods', on_schema_change='append_new_columns',
    period='week_on', staged='stg_bombora__company_surge',
) }}
-- Third-party research by domain, topic and week. A week's score that is sent again with another value
-- supersedes the first from its own day on.
with periods as (

    select * from {{ unbuilt_periods('week_on', ref('stg_bombora__company_surge')) }}

),

staged as (

    select signals.*, periods.landing_digest
    from {{ ref('stg_bombora__company_surge') }} as signals
    inner join periods using (week_on)

),

-- few: only these have to be put in order
told_again as (

    select domain, topic, week_on from staged group by all having count(*) > 1

),

sent as (

    select * from staged
    semi join told_again using (domain, topic, week_on)
    qualify row_number() over (
        partition by domain, topic, week_on, known_at
        order by ds desc, source_file desc, source_sha256, source_line
    ) = 1

),

told_anew as (

    select *
    from sent
    qualify row(composite_score, topic_category) is distinct from
        lag(row(composite_score, topic_category)) over (partition by domain, topic, week_on order by known_at)

),

signals as (

    select *, null::date as superseded_on from staged
    anti join told_again using (domain, topic, week_on)
    union all
    select *, lead(known_at) over (partition by domain, topic, week_on order by known_at) from told_anew

)

select
    domain, topic, topic_category, week_on, composite_score, occurred_at, known_at, superseded_on, landing_digest
from signals
