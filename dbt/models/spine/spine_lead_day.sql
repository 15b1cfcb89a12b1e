-- Every person who belongs to a scored account on the day: contacts, and leads that are none yet. Who was
-- converted or merged is the contact that came of it.
with eligible as (

    select account_id, as_of_date from {{ on_requested_dates(ref('spine_account_day')) }} where is_eligible

),

people as (

    select * from {{ as_of_versions(ref('core_person_account_version')) }}

),

on_record as (

    select contact_id as lead_id, as_of_date, 'contact' as lead_type
    from {{ as_of_versions(ref('core_contact_version')) }}
    where not is_deleted
    union all
    select lead_id, as_of_date, 'lead'
    from {{ as_of_versions(ref('core_lead_version')) }}
    where not is_deleted and is_converted is not true

)

select on_record.lead_id, on_record.as_of_date, people.account_id, on_record.lead_type
from on_record
inner join people on on_record.lead_id = people.person_id and on_record.as_of_date = people.as_of_date
inner join eligible on people.account_id = eligible.account_id and people.as_of_date = eligible.as_of_date
