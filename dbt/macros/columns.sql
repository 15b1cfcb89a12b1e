{# Small expressions that several models share. #}

{# USD as written → integer cents, half away from zero. Through DECIMAL, because 1.005 * 100 is
   100.49999 in floating point. Null when it is no number that fits, or in another currency. #}
{% macro to_cents(amount, currency=none) -%}
    {%- set cents = 'try_cast(round(try_cast(' ~ amount ~ ' as decimal(28, 4)) * 100, 0) as bigint)' -%}
    {%- if currency -%}
        case when coalesce(upper({{ currency }}), 'USD') = 'USD' then {{ cents }} end
    {%- else -%} {{ cents }} {%- endif -%}
{%- endmacro %}

{# 'https://www.Example.com:80/x?y' → 'example.com'; null when nothing is left. #}
{% macro to_domain(website) -%}
    nullif(regexp_extract(regexp_replace(lower(trim({{ website }})), '^([a-z][a-z0-9+.-]*:)?(//)?(www[0-9]?[.])?', ''), '^[^/?#:\s]+').rtrim('.'), '')
{%- endmacro %}

{# A text without surrounding blanks; null when nothing is left. #}
{% macro to_text(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{# A descriptive attribute; words that only say "not known" are null, so that they become no level of
   their own: who is filled in later as "unknown" must not stand out. #}
{% macro to_attribute(column) -%}
    case
        when not regexp_matches(lower(trim({{ column }})), '^(|unknown|tbd|n/?a|none|null|-|other|.* - other)$')
            then trim({{ column }})
    end
{%- endmacro %}

{# An email address → its domain in lower case; null for what is no address. The address itself goes no further. #}
{% macro to_email_domain(email) -%}
    nullif(regexp_extract(lower(trim({{ email }})), '^[^@\s]+@([^@\s]+[.][^@\s.]+)$', 1), '')
{%- endmacro %}

{# A record's id of a CRM with its source: 'salesforce:<id>'; null when empty. #}
{% macro to_record_id(vendor, column) -%}
    '{{ vendor }}:' || {{ to_text(column) }}
{%- endmacro %}

{# The columns that landing adds, at the end of every staging model. #}
{% macro landed_at() -%}
    occurred_at::timestamp as occurred_at,
        known_at::date as known_at,
        ds::date as ds,
        source_file,
        source_line::bigint as source_line,
        source_sha256
{%- endmacro %}

{# One row of each (`key`, state, day it became known): the same state landed twice on a day counts once.
   Most are landed once: only the others are put in order. #}
{% macro one_landed_state(relation, key) -%}
    select *
from {{ relation }}
anti join (
    select {{ key }}, occurred_at, known_at from {{ relation }} group by all having count(*) > 1
) using ({{ key }}, occurred_at, known_at)
union all by name
select *
from (
    select *
    from {{ relation }}
    semi join (
        select {{ key }}, occurred_at, known_at from {{ relation }} group by all having count(*) > 1
    ) using ({{ key }}, occurred_at, known_at)
)
qualify row_number() over (
    partition by {{ key }}, occurred_at, known_at
    order by system_modstamp desc nulls last, ds desc, source_file desc, source_sha256, source_line desc
) = 1
{%- endmacro %}

{# The text of an account's attribute, as histories keep it, as the column of core_account_version. #}
{% macro to_account_attribute(attribute, text) -%}
    {%- if attribute == 'employee_count' -%} try_cast(try_cast(replace({{ text }}, ',', '') as double) as bigint)
    {%- elif attribute == 'annual_revenue_usd' -%} try_cast(replace({{ text }}, ',', '') as double)
    {%- elif attribute == 'domain' -%} {{ to_domain(text) }}
    {%- elif attribute in ['industry', 'country', 'state', 'city'] -%} {{ to_attribute(text) }}
    {%- else -%} {{ to_text(text) }}
    {%- endif -%}
{%- endmacro %}

{# An id that may be of several kinds of record (WhatId), when it is of the kind whose Salesforce ids begin so. #}
{% macro id_of(column, prefix) -%}
    case when starts_with({{ column }}, 'salesforce:{{ prefix }}') then {{ column }} end
{%- endmacro %}

{# The place of a stage among the open ones (conversion.open_stages), from 0; null for any other. #}
{% macro stage_position(stage) -%}
    (nullif(list_position([{% for name in setting('open_stages') %}'{{ name | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor %}]::varchar[], {{ stage }}), 0) - 1)::integer
{%- endmacro %}
