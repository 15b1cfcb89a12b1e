-- One row a landed state of an opportunity; ids carry their source, amounts are integer cents.
with landed as (

    select * from {{ landing_table('salesforce', 'opportunity') }}

),

renamed as (

    select
        'salesforce:' || id as opportunity_id,
        'salesforce:' || {{ to_text('account_id') }} as account_id,
        {{ to_text('owner_id') }} as owner_id,
        {{ to_text('name') }} as opportunity_name,
        {{ to_text('type') }} as opportunity_type,
        {{ to_text('stage_name') }} as stage,
        {{ to_text('lead_source') }} as lead_source,
        {{ to_cents('amount', 'currency_iso_code') }} as amount_cents,
        coalesce(upper(currency_iso_code), 'USD') = 'USD' as is_in_usd,
        close_date::date as close_on,
        created_date::timestamp as created_at,
        is_closed,
        is_won,
        {{ to_text('loss_reason') }} as loss_reason,
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
    partition by opportunity_id, occurred_at, known_at
    order by system_modstamp desc nulls last, ds desc, source_file desc, source_sha256, source_line desc
) = 1
