-- Which account a web domain stands for, day by day. Of several accounts with one domain it is the one
-- known first (of one day, the lowest id). Merged ones step aside, but where no other account has the domain
-- it stands for the one that survives; deleted ones are gone. The domains of mail and internet providers and
-- our own stand for no account.
with accounts as (

    select account_id, domain, first_known_on, valid_from, valid_to, is_deleted, merged_into_account_id is not null as is_merged
    from {{ ref('core_account_version') }}
    where domain is not null

),

survivors as (

    select * from {{ ref('core_account_survivor_version') }}

),

company_domains as (

    select domain
    from (select distinct domain from accounts)
    where {{ is_company_domain('domain') }}

),

change_days as (

    select domain, valid_from as day from accounts
    union
    select domain, valid_to from accounts where valid_to is not null
    union
    select accounts.domain, unnest([survivors.valid_from, survivors.valid_to])
    from accounts inner join survivors using (account_id)

),

candidates as (

    select
        days.domain,
        days.day,
        case
            when accounts.is_merged then case when not survivors.is_deleted then survivors.survivor_id end
            when not accounts.is_deleted then accounts.account_id
        end as stand_in_id,
        row(accounts.is_merged, accounts.first_known_on, accounts.account_id) as place
    from change_days as days
    inner join company_domains using (domain)
    left join accounts
        on days.domain = accounts.domain and {{ holds_on('accounts', 'days.day') }}
    left join survivors
        on accounts.account_id = survivors.account_id and {{ holds_on('survivors', 'days.day') }}
    where days.day is not null

),

on_each_day as (

    select domain, day, arg_min(stand_in_id, place) filter (stand_in_id is not null) as account_id
    from candidates
    group by all

),

intervals as (

    {{ intervals_of_days('on_each_day', 'domain', ['account_id'], 'account_id is not null') | indent(4) }}

)

select domain, account_id, valid_from, valid_to
from intervals
