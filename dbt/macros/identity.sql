{# Identity: which domains say nothing of a company. Used by core only. #}

{# True for mail providers where anybody gets an address: the list of dbt/seeds/core and that of scoring.yaml. #}
{% macro is_free_mail(domain) -%}
    coalesce({{ domain }} in (select free_mail.domain from {{ ref('free_mail_domains') }} as free_mail)
        or {{ domain }} in {{ text_list(setting('free_mail_domains')) }}, false)
{%- endmacro %}

{# True for internet providers, whose domain an address resolves to when nothing better is known. #}
{% macro is_isp(domain) -%}
    coalesce({{ domain }} in (select isp.domain from {{ ref('isp_domains') }} as isp)
        or {{ is_domain_of(domain, setting('isp_domains')) }}, false)
{%- endmacro %}

{# True when a domain stands for a company other than our own. #}
{% macro is_company_domain(domain) -%}
    ({{ domain }} is not null and not {{ is_free_mail(domain) }} and not {{ is_isp(domain) }}
        and not {{ is_domain_of(domain, setting('own_domains')) }})
{%- endmacro %}
