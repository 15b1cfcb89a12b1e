{# The same accounts and days as `other` (where `other_where` holds), each as often: nothing lost,
   nothing fanned out. Both sides on the requested days. #}
{% test exactly_the_rows_of(model, other, other_where='true') %}
with own as (

    select account_id, as_of_date, count(*) as own_rows
    from {{ on_requested_dates(model) }} as rows
    group by all

),

others as (

    select account_id, as_of_date, count(*) as other_rows
    from {{ on_requested_dates(other) }} as rows
    where {{ other_where }}
    group by all

)

select * from own
full outer join others using (account_id, as_of_date)
where own_rows is distinct from other_rows
{% endtest %}
