{% set tracked = [
    'account_name', 'domain', 'industry', 'account_type', 'country', 'state', 'city', 'region',
    'founded_on', 'employee_count', 'annual_revenue_usd', 'owner_id', 'is_deleted',
    'merged_into_account_id',
] %}
{% set with_history = [
    'account_name', 'domain', 'industry', 'account_type', 'country', 'state', 'city', 'employee_count',
    'annual_revenue_usd', 'owner_id',
] %}
{% set versioned = setting('versioned_attributes') | map('replace', 'annual_revenue', 'annual_revenue_usd') | list %}
-- Accounts of all CRMs as versions. A deletion or merge is a version like any other. What a change of a
-- tracked field says is laid over the state known before, until a state comes that is newer than it.
-- A history import tells today's values even of the row at creation. There the first change of a field
-- says what it was before (`old`); attributes that the CRM keeps changes of, but never changed, are as today.
with accounts as (

    select
        *,
        occurred_at < max(occurred_at) over landed_row as is_at_creation
        {%- for attribute in versioned if attribute in ['account_type', 'owner_id'] %},
        arg_max({'value': {{ attribute }}}, occurred_at) over landed_row as today_{{ attribute }}
        {%- endfor %}
    from {{ ref('stg_salesforce__account') }}
    window landed_row as (partition by account_id, ds, source_sha256, source_line)

),

changes as (

    select *, greatest(known_at, occurred_at::date) as valid_from
    from {{ ref('stg_salesforce__account_history') }}
    where attribute is not null and not is_deleted

),

first_changes as (

    select
        accounts.account_id,
        accounts.known_at
        {%- for attribute in with_history %},
        arg_min({'value': changes.old_value}, row(changes.occurred_at, changes.field_change_id))
            filter (changes.attribute = '{{ attribute }}') as old_{{ attribute }}
        {%- endfor %}
    from accounts
    inner join changes
        on accounts.account_id = changes.account_id
        -- imported like the account: what arrives later tells nothing of the past
        and (changes.known_at < changes.ds or changes.ds = accounts.ds)
    where accounts.is_at_creation
    group by all

),

states as (

    select accounts.* replace (
        {%- for attribute in with_history %}
        case
            when accounts.is_at_creation and first_changes.old_{{ attribute }} is not null
                then {{ to_account_attribute(attribute, 'first_changes.old_' ~ attribute ~ '.value') }}
            {%- if attribute in versioned and attribute in ['account_type', 'owner_id'] %}
            when accounts.is_at_creation then accounts.today_{{ attribute }}.value
            {%- endif %}
            else accounts.{{ attribute }}
        end as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    from accounts
    left join first_changes
        on accounts.account_id = first_changes.account_id and accounts.known_at = first_changes.known_at

),

states_in_effect as (

    -- of one moment, the state tells of the change too, but not the state at creation, which is what it was before
    select *, case when is_at_creation then occurred_at else occurred_at + interval 1 microsecond end as newer_than
    from ({{ current_on_arrival('states', 'account_id') | indent(4) }})

),

changes_in_effect as (

    select changes.*, min(newer.valid_from) as valid_to
    from changes
    left join states_in_effect as newer
        on changes.account_id = newer.account_id and changes.occurred_at < newer.newer_than
    group by all
    having coalesce(min(newer.valid_from), date '9999-12-31') > changes.valid_from

),

change_days as (

    select account_id, valid_from as day from states_in_effect
    union
    select account_id, valid_from from changes_in_effect

),

newest_changes as (

    select
        days.account_id,
        days.day,
        max(changes.occurred_at) as occurred_at,
        max(changes.known_at) as known_at
        {%- for attribute in with_history %},
        arg_max({'value': changes.new_value}, row(changes.occurred_at, changes.known_at, changes.field_change_id))
            filter (changes.attribute = '{{ attribute }}') as new_{{ attribute }}
        {%- endfor %}
    from change_days as days
    inner join changes_in_effect as changes
        on days.account_id = changes.account_id and {{ holds_on('changes', 'days.day') }}
    group by all

),

as_told as (

    select
        states.* replace (
            {%- for attribute in with_history %}
            case
                when newest.new_{{ attribute }} is not null
                    then {{ to_account_attribute(attribute, 'newest.new_' ~ attribute ~ '.value') }}
                else states.{{ attribute }}
            end as {{ attribute }},
            {%- endfor %}
            greatest(states.occurred_at, newest.occurred_at) as occurred_at,
            greatest(states.known_at, newest.known_at) as known_at,
            days.day as valid_from
        )
    from change_days as days
    asof inner join states_in_effect as states
        on days.account_id = states.account_id and days.day >= states.valid_from
    left join newest_changes as newest
        on days.account_id = newest.account_id and days.day = newest.day

),

versions as (

    {{ first_of_each_run('as_told', 'account_id', tracked) | indent(4) }}

)

select
    account_id, {{ tracked | join(', ') }},
    min(valid_from) over (partition by account_id) as first_known_on,
    occurred_at, known_at, valid_from,
    lead(valid_from) over (partition by account_id order by valid_from) as valid_to
from versions
