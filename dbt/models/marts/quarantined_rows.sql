{{ config(materialized='view') }}
-- Rows and files that landing refused. Without the row itself: it may hold personal data.
with quarantine as (

    select * from {{ quarantine_table() }}

)

select
    vendor::varchar as vendor,
    table_name::varchar as table_name,
    ds::date as ds,
    source_file::varchar as source_file,
    source_line::bigint as source_line,
    column_name::varchar as column_name,
    reason::varchar as reason,
    source_sha256::varchar as source_sha256
from quarantine
