-- Which account a person belongs to, day by day: a contact to its account, a converted lead to the one it
-- was converted to, anyone else to the account that the domain of the email address stands for. People of a
-- merged account belong to the one that survives from the merge's day on; those of a deleted account fall
-- back on their domain. Deleted people belong to none; a merged contact stays with its account.
with stand_ins as (

    select account_id, account_id as stand_in_id, valid_from, valid_to
    from {{ ref('core_account_version') }}
    where merged_into_account_id is null and not is_deleted
    union all
    select account_id, survivor_id, valid_from, valid_to
    from {{ ref('core_account_survivor_version') }}
    where not is_deleted

),

domains as (

    select * from {{ ref('core_account_domain_version') }}

),

persons as (

    select
        contact_id as person_id, account_id, 'contact' as how, email_domain, seniority, job_function,
        is_deleted and merged_into_contact_id is null as is_gone, valid_from, valid_to
    from {{ ref('core_contact_version') }}
    union all
    select
        lead_id, case when is_converted then converted_account_id end, 'converted lead', email_domain, seniority,
        job_function, is_deleted, valid_from, valid_to
    from {{ ref('core_lead_version') }}

),

change_days as (

    select person_id, valid_from as day from persons
    union
    select persons.person_id, unnest([stand_ins.valid_from, stand_ins.valid_to])
    from persons inner join stand_ins using (account_id)
    union
    select persons.person_id, unnest([domains.valid_from, domains.valid_to])
    from persons inner join domains on persons.email_domain = domains.domain

),

on_each_day as (

    select
        persons.person_id,
        days.day,
        case when not persons.is_gone then coalesce(stand_ins.stand_in_id, domains.account_id) end as account_id,
        case when stand_ins.stand_in_id is not null then persons.how else 'email domain' end as how,
        persons.seniority,
        persons.job_function
    from change_days as days
    inner join persons on days.person_id = persons.person_id and {{ holds_on('persons', 'days.day') }}
    left join stand_ins
        on persons.account_id = stand_ins.account_id and {{ holds_on('stand_ins', 'days.day') }}
    left join domains
        on persons.email_domain = domains.domain and {{ holds_on('domains', 'days.day') }}

),

intervals as (

    {{ intervals_of_days('on_each_day', 'person_id', ['account_id', 'how', 'seniority', 'job_function'],
        'account_id is not null') | indent(4) }}

)

select person_id, account_id, how, seniority, job_function, valid_from, valid_to
from intervals
