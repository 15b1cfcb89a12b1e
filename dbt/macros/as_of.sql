{#
  The one place through which everything downstream of core reads as of a date. For an as-of date
  D only rows with known_at <= D and occurred_at < D + 1 day (UTC) exist. Versions carry this in
  valid_from and valid_to (see macros/version_intervals.sql), events in their own two clocks.
  tests/integration/test_dbt_project.py fails when a model reads a core relation another way.
#}

{# True when a version is the one that holds on a day. #}
{% macro holds_on(version, day) -%}
    {{ version }}.valid_from <= {{ day }} and coalesce({{ version }}.valid_to, date '9999-12-31') > {{ day }}
{%- endmacro %}

{# True when an event has happened, is known, and is not yet corrected or deleted on a day. #}
{% macro exists_on(event, day) -%}
    {{ event }}.known_at <= {{ day }}
    and {{ event }}.occurred_at < {{ day }} + interval 1 day
    and coalesce({{ event }}.superseded_on, date '9999-12-31') > {{ day }}
{%- endmacro %}

{# as_of_date + the versions that hold on each date of `dates` (the requested dates unless given). #}
{% macro as_of_versions(relation, dates=none) -%}
    (
        select as_of.as_of_date, version.*
        from {{ relation }} as version
        inner join {{ dates or as_of_dates() }} as as_of
            on {{ holds_on('version', 'as_of.as_of_date') }}
    )
{%- endmacro %}

{# as_of_date + the events that exist on each date of `dates` (the requested dates unless given). #}
{% macro as_of_events(relation, dates=none) -%}
    (
        select as_of.as_of_date, event.*
        from {{ relation }} as event
        inner join {{ dates or as_of_dates() }} as as_of
            on {{ exists_on('event', 'as_of.as_of_date') }}
    )
{%- endmacro %}

{#
  Joins the version that holds on a day: for rows that have their as-of date already, so that not
  every version has to meet every date first.
#}
{% macro left_join_version(relation, version, on, day) -%}
    left join {{ relation }} as {{ version }}
        on {{ on }} and {{ holds_on(version, day) }}
{%- endmacro %}

{#
  as_of_date + days_ago (0 is the date itself) + events counted by the day they happened on. Events
  are counted before they meet the dates, so that a hundred dates do not multiply single events by a
  hundred. `keys` are the columns to count by, `measures` the counted columns with their aggregates:
  parts of a day that became known or were superseded at different times stay apart, so what is
  counted must add up (or be a maximum). `dates` are the requested dates unless given; `ages` is a
  relation of the as_of_date and days_ago that are asked for: all days less than `within_days` before
  each date unless given.
#}
{% macro as_of_event_days(relation, keys, measures, within_days, where='true', dates=none, ages=none) -%}
    (
        select
            as_of.as_of_date,
            as_of.days_ago,
            counted.* exclude (known_at, occurred_at, superseded_on)
        from (
            select
                {% for key in keys %}{{ key }}, {% endfor %}
                known_at,
                occurred_at::date as occurred_at,
                superseded_on,
                {%- for name, aggregate in measures.items() %}
                {{ aggregate }} as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ relation }} as event
            where ({{ where }})
                {%- if dates %}
                and occurred_at >= (select min(as_of_date) from {{ dates }}) - {{ within_days }}
                {%- elif requested_dates() %}
                and occurred_at >= date '{{ requested_dates()[0] }}' - {{ within_days }}
                {%- endif %}
            group by {% for key in keys %}{{ key }}, {% endfor %}known_at, occurred_at::date, superseded_on
        ) as counted
        inner join (
            select as_of_date, days_ago::integer as days_ago, as_of_date - days_ago::integer as occurred_on
            from {{ ages or days_before_dates(within_days, dates) }}
        ) as as_of
            on counted.occurred_at = as_of.occurred_on
            and {{ exists_on('counted', 'as_of.as_of_date') }}
    )
{%- endmacro %}

{# The day from which on anything of a relation of events was known (null: never). #}
{% macro first_event_known_on(relation, where='true') -%}
    (select min(greatest(known_at, occurred_at::date)) from {{ relation }} where {{ where }})
{%- endmacro %}

{# The day from which on any version of a relation held (null: never). #}
{% macro first_version_known_on(relation, where='true') -%}
    (select min(valid_from) from {{ relation }} where {{ where }})
{%- endmacro %}

{#
  as_of_date, person_id and the contact_id that a person is known by on each date of `dates`: of a converted
  lead that contact, of a merged contact the one that survives, at the end of the chain. `leads` and `contacts`
  are their versions. Who stands for nobody else has no row, nor has who was merged in a circle.
#}
{% macro contacts_of_people(leads, contacts, dates) -%}
    (
        with recursive became as (

            select as_of_date, lead_id as person_id, converted_contact_id as contact_id
            from {{ as_of_versions(leads, dates) }}
            where is_converted and converted_contact_id is not null
            union all
            select as_of_date, contact_id, merged_into_contact_id
            from {{ as_of_versions(contacts, dates) }}
            where merged_into_contact_id <> contact_id

        ),

        chains as (

            select * from became
            -- not `all`: a circle comes back to what has been said, and ends
            union
            select chains.as_of_date, chains.person_id, became.contact_id
            from chains
            inner join became
                on chains.as_of_date = became.as_of_date and chains.contact_id = became.person_id

        )

        select chains.*
        from chains
        anti join became on chains.as_of_date = became.as_of_date and chains.contact_id = became.person_id
    )
{%- endmacro %}
