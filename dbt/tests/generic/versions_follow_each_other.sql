{# Versions of one record neither overlap nor run backwards. #}
{% test versions_follow_each_other(model, key) %}
select *
from (
    select *, lead(valid_from) over (partition by {{ key }} order by valid_from) as next_from
    from {{ model }}
)
where valid_to <= valid_from or valid_to > next_from or (valid_to is null and next_from is not null)
{% endtest %}
