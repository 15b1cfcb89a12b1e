{#
  What scoring.yaml says and SQL needs. It arrives as JSON in SCORING_SETTINGS and is read while a
  statement is compiled, never while the project is parsed: one parsed manifest serves every
  setting, and a changed setting costs no re-parse.
#}
{% macro setting(name) -%}
    {%- set values = {
        'mode': 'new_business',
        'horizons_days': [30, 90, 180],
        'primary_horizon_days': 90,
        'won_stages': ['Closed Won'],
        'open_stages': ['Prospecting', 'Qualification', 'Needs Analysis', 'Proposal', 'Negotiation'],
        'excluded_account_types': [],
        'recording_starts': '1900-01-01',
        'own_domains': [],
        'competitor_domains': [],
        'free_mail_domains': [],
        'isp_domains': [],
        'versioned_attributes': [],
        'relevant_topics': [],
        'own_complements': [],
        'competitors': [],
    } -%}
    {%- if execute -%}
        {%- do values.update(fromjson(env_var('SCORING_SETTINGS', '{}'))) -%}
    {%- endif -%}
    {{ return(values[name]) }}
{%- endmacro %}

{# A list of texts as SQL: ('a', 'b'); (null) when empty, which matches nothing. #}
{% macro text_list(values) -%}
    (
    {%- for value in values -%}
        '{{ value | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- else -%} null {%- endfor -%}
    )
{%- endmacro %}

{# True when a domain is one of `domains` or lies under one: eu.nimbusworks.example is of nimbusworks.example. #}
{% macro is_domain_of(column, domains) -%}
    (
    {%- for domain in domains | map('lower') | map('replace', "'", "''") -%}
        {{ column }} = '{{ domain }}' or ends_with({{ column }}, '.{{ domain }}'){{ ' or ' if not loop.last }}
    {%- else -%} false {%- endfor -%}
    )
{%- endmacro %}

{# A list of horizons as a relation with one column, horizon_days. #}
{% macro horizons() -%}
    (select unnest([{{ setting('horizons_days') | join(', ') }}])::integer as horizon_days)
{%- endmacro %}
