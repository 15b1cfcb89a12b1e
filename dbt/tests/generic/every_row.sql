{# The condition holds in every row (null fails too). For tables kept by day only the requested days. #}
{% test every_row(model, condition, by_day=true) %}
select *
from {% if by_day %}{{ on_requested_dates(model) }}{% else %}{{ model }}{% endif %} as rows
where not coalesce({{ condition }}, false)
{% endtest %}
