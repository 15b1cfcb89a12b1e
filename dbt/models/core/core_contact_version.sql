{% set tracked = [
    'account_id', 'email_domain', 'title', 'job_function', 'seniority', 'is_free_mail', 'is_opted_out',
    'is_deleted', 'merged_into_contact_id',
] %}
-- Contacts of all CRMs as versions: what matters of a person, without name and address.
with contacts as (

    select
        *,
        {{ job_function('title') }} as job_function,
        {{ seniority('title') }} as seniority,
        {{ is_free_mail('email_domain') }} as is_free_mail
    from {{ ref('stg_salesforce__contact') }}

),

versions as (

    {{ version_intervals('contacts', 'contact_id', tracked) | indent(4) }}

)

select
    contact_id, {{ tracked | join(', ') }},
    occurred_at, known_at, valid_from, valid_to,
    min(valid_from) over (partition by contact_id) as first_known_on
from versions
