{{ config(materialized='view') }}
-- When each feed last arrived, how much it brought, and what was refused.
with scored as (

    select max(as_of_date) as latest_day from {{ source('scoring', 'passed_days') }}

),

arrivals as (

    {%- for vendor, table in landed_feeds() %}
    select
        '{{ vendor }}' as vendor,
        '{{ table }}' as table_name,
        max(ds) as last_ds,
        max(known_at) as last_known_at,
        max(known_at) filter (where known_at <= (select latest_day from scored)) as last_known_by_then,
        count(distinct row(ds, source_sha256, source_line)) as rows_landed,
        count(distinct source_sha256) as files
    from {{ landing_table(vendor, table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

refused as (

    select vendor, table_name, count(*) as quarantined_rows
    from {{ ref('quarantined_rows') }}
    group by all

)

select
    arrivals.vendor,
    arrivals.table_name,
    arrivals.last_ds::date as last_ds,
    arrivals.last_known_at::date as last_known_at,
    arrivals.rows_landed,
    arrivals.files,
    coalesce(refused.quarantined_rows, 0) as quarantined_rows,
    (scored.latest_day - arrivals.last_known_by_then)::integer as days_since_last_arrival
from arrivals
left join refused using (vendor, table_name)
cross join scored
