{{ config(materialized='incremental', incremental_strategy='replace_files', feed=['bombora', 'company_surge'], on_schema_change='append_new_columns') }}
-- One row a domain, topic and week of a landed file. Bombora sends one row a metro area, all with the same
-- composite score; should they differ, the highest counts. A table, built file by file, as stg_ga4__event.
with landed as (

    select *, {{ landing_file() }} as landing_file
    from {{ new_landing_rows('bombora', 'company_surge') }}

),

renamed as (

    select
        {{ to_domain('domain') }} as domain,
        {{ to_text('topic') }} as topic,
        {{ to_text('category') }} as topic_category,
        composite_score::integer as composite_score,
        week_on::date as week_on,
        landing_file,
        {{ landed_at() }}
    from landed

)

select *
from renamed
where domain is not null and topic is not null
qualify row_number() over (
    partition by landing_file, domain, topic, week_on
    order by composite_score desc nulls last, source_line
) = 1
