{#
  From landed rows of a mutable record to its versions. A row is visible from the later of its two
  clocks on: valid_from = greatest(known_at, day of occurred_at). Among the visible rows of a
  record the newest state wins (occurred_at; of one state that is sent twice, what we learnt last:
  this is how a correction under the same stamp takes over from its own known_at on). A row that
  arrives after a newer state is never current. Versions that change no tracked column collapse
  into the one before. valid_to is the next valid_from: half open, null while it lasts.
#}
{% macro version_intervals(relation, key, tracked) -%}
    with repeated as (

        select {{ key }} from {{ relation }} group by {{ key }} having count(*) > 1

    ),

    -- most records are sent once: there is nothing to put in order
    sent_once as (

        select *, greatest(known_at, occurred_at::date) as valid_from, null::date as valid_to
        from {{ relation }}
        anti join repeated using ({{ key }})

    ),

    sent_often as (

        select * from {{ relation }} semi join repeated using ({{ key }})

    ),

    current_on_arrival as (

        {{ current_on_arrival('sent_often', key) }}

    ),

    changed as (

        {{ first_of_each_run('current_on_arrival', key, tracked) }}

    )

    select * from sent_once
    union all by name
    select *, lead(valid_from) over (partition by {{ key }} order by valid_from) as valid_to
    from changed
{%- endmacro %}

{# The rows that became the record's state when they arrived, with valid_from; one a day at most. #}
{% macro current_on_arrival(relation, key) -%}
    select * exclude (recency)
    from (
        select
            *,
            greatest(known_at, occurred_at::date) as valid_from,
            row_number() over (
                partition by {{ key }}
                order by occurred_at, known_at, system_modstamp nulls first, source_file, source_sha256, source_line
            ) as recency
        from {{ relation }}
    ) as stamped
    qualify recency = max(recency) over (partition by {{ key }} order by valid_from)
{%- endmacro %}

{# Of rows that follow each other (valid_from) and agree in the tracked columns, the first. #}
{% macro first_of_each_run(relation, key, tracked) -%}
    select *
    from {{ relation }}
    qualify row({{ tracked | join(', ') }}) is distinct from
        lag(row({{ tracked | join(', ') }})) over (partition by {{ key }} order by valid_from)
{%- endmacro %}

{#
  Intervals out of what held on each day on which it may have changed (`day`, one row a key and day):
  runs of equal values become one interval, days on which `holds` is false end it and have none.
#}
{% macro intervals_of_days(relation, key, tracked, holds) -%}
    select * exclude (day, previous), day as valid_from, lead(day) over (partition by {{ key }} order by day) as valid_to
    from (
        select *, lag(row({{ tracked | join(', ') }})) over (partition by {{ key }} order by day) as previous
        from {{ relation }}
    ) as followed
    where row({{ tracked | join(', ') }}) is distinct from previous
    qualify {{ holds }}
{%- endmacro %}
