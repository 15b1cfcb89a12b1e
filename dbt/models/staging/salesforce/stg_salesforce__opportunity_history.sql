-- One row a landed stage change; the same row landed twice on one day counts once.
with landed as (

    select * from {{ landing_table('salesforce', 'opportunity_history') }}

),

renamed as (

    select
        'salesforce:' || id as stage_change_id,
        'salesforce:' || opportunity_id as opportunity_id,
        {{ to_text('stage_name') }} as stage,
        {{ to_cents('amount') }} as amount_cents,
        close_date::date as close_on,
        probability::double as probability,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        occurred_at::timestamp as occurred_at,
        known_at::date as known_at,
        ds::date as ds,
        source_file,
        source_line::bigint as source_line,
        source_sha256
    from landed

)

select *
from renamed
qualify row_number() over (
    partition by stage_change_id, known_at
    order by system_modstamp desc nulls last, occurred_at desc, ds desc, source_file desc, source_sha256, source_line desc
) = 1
