{{ config(
    materialized='incremental', incremental_strategy='replace_periods', on_schema_change='append_new_columns',
    period='week_on', staged='stg_bombora__company_surge',
) }}
-- Third-party research by domain, topic and week. A week's score that is sent again with another value
-- supersedes the first from its own day on.
with periods as (

    select * from {{ unbuilt_periods('week_on', ref('stg_bombora__company_surge')) }}

),

sent as (

    select staged.*, periods.landing_digest
    from {{ ref('stg_bombora__company_surge') }} as staged
    inner join periods using (week_on)
    qualify row_number() over (
        partition by staged.domain, staged.topic, staged.week_on, staged.known_at
        order by staged.ds desc, staged.source_file desc, staged.source_sha256, staged.source_line
    ) = 1

),

told_anew as (

    select *
    from sent
    qualify row(composite_score, topic_category) is distinct from
        lag(row(composite_score, topic_category)) over (partition by domain, topic, week_on order by known_at)

)

select
    domain,
    topic,
    topic_category,
    week_on,
    composite_score,
    occurred_at,
    known_at,
    lead(known_at) over (partition by domain, topic, week_on order by known_at) as superseded_on,
    landing_digest
from told_anew
