{# No two rows share the given columns. For tables kept by day only the requested days are read. #}
{% test one_row_per(model, columns, by_day=true) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {% if by_day %}{{ on_requested_dates(model) }}{% else %}{{ model }}{% endif %} as rows
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
