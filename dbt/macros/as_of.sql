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
