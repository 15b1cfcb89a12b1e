{#
  From landed rows of a mutable record to its versions. A row is visible from the later of its two
  clocks on: valid_from = greatest(known_at, day of occurred_at). Among the visible rows of a
  record the newest state wins (occurred_at; of one state that is sent twice, what we learnt last:
  this is how a correction under the same stamp takes over from its own known_at on). A row that
  arrives after a newer state is never current. Versions that change no tracked column collapse
  into the one before. valid_to is the next valid_from: half open, null while it lasts.
#}
{% macro version_intervals(relation, key, tracked) -%}
    with stamped as (

        select
            *,
            greatest(known_at, occurred_at::date) as valid_from,
            row_number() over (
                partition by {{ key }}
                order by occurred_at, known_at, system_modstamp nulls first, source_file, source_sha256, source_line
            ) as recency
        from {{ relation }}

    ),

    current_on_arrival as (

        select *
        from stamped
        qualify recency = max(recency) over (partition by {{ key }} order by valid_from)

    ),

    changed as (

        select *
        from current_on_arrival
        qualify row({{ tracked | join(', ') }}) is distinct from
            lag(row({{ tracked | join(', ') }})) over (partition by {{ key }} order by valid_from)

    )

    select *, lead(valid_from) over (partition by {{ key }} order by valid_from) as valid_to
    from changed
{%- endmacro %}
