-- Whom we know at the account: contacts, and leads that stand for it by their email's domain. A person
-- stands for one account at a time.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

people as (

    select
        account_id,
        as_of_date,
        count(*) filter (how = 'contact') as contacts,
        count(*) filter (how = 'contact' and seniority in ('c_level', 'vp', 'director')) as senior_contacts,
        count(*) filter (how = 'email domain') as leads
    from {{ as_of_versions(ref('core_person_account_version'), days_of_build()) }}
    where seniority is distinct from 'student'
    group by all

)

select
    account_id,
    as_of_date,
    {{ counted('people.contacts', 'feeds.has_contacts') }} as contacts,
    {{ counted('people.senior_contacts', 'feeds.has_contacts') }} as senior_contacts,
    {{ counted('people.leads', 'feeds.has_leads') }} as leads
from eligible
left join feeds using (as_of_date)
left join people using (account_id, as_of_date)
