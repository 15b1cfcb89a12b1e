{{ config(materialized='incremental', incremental_strategy='replace_files', on_schema_change='append_new_columns') }}
-- One row a landed file: of which feed, how many of the vendor's rows it holds, and when they became
-- known. Built file by file: counting all that ever landed would cost each day the whole history.
{%- set columns = 'ds, known_at, source_sha256, source_line' %}
with landed as (

    select vendor || '/' || table_name || '/ds=' || ds::date || '/' || source_sha256[:16] || '@{{ model_digest() }}' as landing_file, *
    from {{ new_rows_of_all_feeds(columns) }}

)

select
    landing_file::varchar as landing_file,
    vendor::varchar as vendor,
    table_name::varchar as table_name,
    any_value(ds)::date as ds,
    count(distinct row(source_line))::bigint as rows_landed,
    list(distinct known_at::date order by known_at::date)::date[] as known_on
from landed
group by landing_file, vendor, table_name
