{{ config(materialized='view') }}
-- When each feed last arrived, how much it brought, and what was refused.
with scored as (

    select max(as_of_date) as latest_day from {{ source('scoring', 'passed_days') }}

),

feeds as (

    select * from (values {% for vendor, table in landed_feeds() %}('{{ vendor }}', '{{ table }}'){{ ', ' if not loop.last }}{% endfor %}) as feed (vendor, table_name)

),

arrivals as (

    select
        vendor,
        table_name,
        max(ds) as last_ds,
        max(known_on[-1]) as last_known_at,
        max(list_max(list_filter(known_on, lambda day: day <= latest_day))) as last_known_by_then,
        sum(rows_landed)::bigint as rows_landed,
        count(distinct split_part(split_part(landing_file, '/', 4), '@', 1)) as files
    from {{ ref('int_feed_health__landed_files') }}
    cross join scored
    group by all

),

refused as (

    select vendor, table_name, count(*) as quarantined_rows
    from {{ ref('quarantined_rows') }}
    group by all

)

select
    feeds.vendor::varchar as vendor,
    feeds.table_name::varchar as table_name,
    arrivals.last_ds::date as last_ds,
    arrivals.last_known_at::date as last_known_at,
    coalesce(arrivals.rows_landed, 0) as rows_landed,
    coalesce(arrivals.files, 0) as files,
    coalesce(refused.quarantined_rows, 0) as quarantined_rows,
    (scored.latest_day - arrivals.last_known_by_then)::integer as days_since_last_arrival
from feeds
left join arrivals using (vendor, table_name)
left join refused using (vendor, table_name)
cross join scored
