-- Which account a web domain stands for, day by day. Of several accounts with one domain it is the one
-- known first (of one day, the lowest id). Deleted and merged ones step aside; the domains of mail and
-- internet providers and our own stand for no account.
with accounts as (

    select account_id, domain, first_known_on, valid_from, valid_to, is_deleted or merged_into_account_id is not null as is_aside
    from {{ ref('core_account_version') }}
    where domain is not null

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

),

on_each_day as (

    select
        days.domain,
        days.day,
        arg_min(accounts.account_id, row(accounts.first_known_on, accounts.account_id)) as account_id
    from change_days as days
    inner join company_domains using (domain)
    left join accounts
        on days.domain = accounts.domain and not accounts.is_aside and {{ holds_on('accounts', 'days.day') }}
    group by all

),

intervals as (

    {{ intervals_of_days('on_each_day', 'domain', ['account_id'], 'account_id is not null') | indent(4) }}

)

select domain, account_id, valid_from, valid_to
from intervals
