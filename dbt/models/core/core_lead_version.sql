{% set tracked = [
    'email_domain', 'company_name', 'title', 'job_function', 'seniority', 'is_free_mail', 'lead_source', 'status',
    'is_converted', 'converted_account_id', 'converted_contact_id', 'is_deleted',
] %}
-- Leads of all CRMs as versions: what matters of a person, without name and address.
with leads as (

    select
        *,
        {{ job_function('title') }} as job_function,
        {{ seniority('title') }} as seniority,
        {{ is_free_mail('email_domain') }} as is_free_mail
    from {{ ref('stg_salesforce__lead') }}

),

versions as (

    {{ version_intervals('leads', 'lead_id', tracked) | indent(4) }}

)

select
    lead_id, {{ tracked | join(', ') }},
    occurred_at, known_at, valid_from, valid_to,
    min(valid_from) over (partition by lead_id) as first_known_on
from versions
