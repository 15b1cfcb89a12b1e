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
    nullif(regexp_extract(regexp_replace(lower(trim({{ website }})), '^([a-z][a-z0-9+.-]*:)?(//)?(www[0-9]?[.])?', ''), '^[^/?#:\s]+'), '')
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
