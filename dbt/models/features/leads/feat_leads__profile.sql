-- Who a person is: by job title, and for how long we have known them.
with leads as (

    select * from {{ on_days_of_build(ref('spine_lead_day')) }}

)

select
    leads.lead_id,
    leads.as_of_date,
    leads.lead_type,
    coalesce(contacts.job_function, unconverted.job_function) as job_function,
    coalesce(contacts.seniority, unconverted.seniority) as seniority,
    (leads.as_of_date - coalesce(contacts.first_known_on, unconverted.first_known_on))::integer as days_on_record
from leads
{{ left_join_version(
    ref('core_contact_version'), 'contacts', 'leads.lead_id = contacts.contact_id', 'leads.as_of_date'
) }}
{{ left_join_version(
    ref('core_lead_version'), 'unconverted', 'leads.lead_id = unconverted.lead_id', 'leads.as_of_date'
) }}
