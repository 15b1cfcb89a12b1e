{#
  What a job title says, in English words: the function somebody works in, and how senior. Rules, first
  match wins; what none matches is 'other' and 'staff', an empty title null.
#}
{% macro title_rule(title, rules, otherwise) -%}
    case
        when {{ to_text(title) }} is null then null
        {%- for name, pattern in rules %}
        when regexp_matches(lower({{ title }}), '\b({{ pattern }})\b') then '{{ name }}'
        {%- endfor %}
        else '{{ otherwise }}'
    end
{%- endmacro %}

{% macro job_function(title) -%}
    {{ title_rule(title, [
        ('hr', 'hr|human resources?|people (officer|operations|partner)|chief people|talent|recruit(er|ing|ment)|chro'),
        ('legal', 'legal|counsel|attorney|lawyer|compliance|privacy|clo'),
        ('procurement', 'procurement|purchasing|buyer|sourcing|vendor management|category manager'),
        ('marketing', 'marketing|cmo|brand|communications?|public relations|demand generation|growth|content|seo'),
        ('sales', 'sales|account (executive|manager)|business development|revenue|cro|commercial|customer success'),
        ('finance', 'finance|financial|cfo|account(ant|ing)|controller|treasur(er|y)|audit(or)?|payroll|tax'),
        ('it', 'it|information (technology|systems|security|officer)|chief information|cio|ciso|security|infrastructure|'
            ~ 'network|systems? (administrator|engineer|analyst)|help ?desk|service desk|database|data|cloud'),
        ('engineering', 'engineer(ing)?|developer|software|devops|architect|programmer|r&d|research|technical|technology|'
            ~ 'cto|product|qa|scientist'),
        ('operations', 'operations?|operating|coo|logistics|supply chain|facilities|plant|production|manufacturing|'
            ~ 'warehouse|quality'),
        ('executive', 'ceo|chief executive|(co)?-?founder|owner|president|managing (director|partner)|general manager|'
            ~ 'chairman|chairwoman|board'),
    ], 'other') }}
{%- endmacro %}

{% macro seniority(title) -%}
    {{ title_rule(title, [
        ('student', 'student|intern|trainee|apprentice|working student|phd candidate'),
        ('staff', '(executive|personal|administrative) assistant|assistant to|secretary|(product|process) owner'),
        ('vp', '[se]?vp|avp|vice[ -]president'),
        ('director', 'chief of staff'),
        ('c_level', 'chief|c[efotimrps]o|ciso|chro|clo|president|(co)?-?founder|owner|managing (director|partner)|'
            ~ 'chairman|chairwoman'),
        ('director', 'director|head'),
        ('manager', 'manager|lead|leader|supervisor|principal|mgr'),
    ], 'staff') }}
{%- endmacro %}
