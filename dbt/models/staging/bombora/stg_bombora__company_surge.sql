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

select
    domain,
    topic,
    min(topic_category) as topic_category,
    max(composite_score) as composite_score,
    week_on,
    landing_file,
    any_value(occurred_at) as occurred_at,
    any_value(known_at) as known_at,
    any_value(ds) as ds,
    any_value(source_file) as source_file,
    min(source_line) as source_line,
    any_value(source_sha256) as source_sha256
from renamed
where domain is not null and topic is not null
group by domain, topic, week_on, landing_file
