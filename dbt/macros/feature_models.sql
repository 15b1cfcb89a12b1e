{#
  The feature models, in the order in which their columns stand in training_set and scoring_set.
  A test compares this list with the files under models/features.
#}
{% macro feature_models() -%}
    {{ return([
        'feat_fit__firmographics',
        'feat_fit__market_heat',
        'feat_fit__coarse_attributes',
        'feat_relationship__won_deals',
        'feat_relationship__deal_amounts',
        'feat_relationship__deal_types',
        'feat_fit__growth',
        'feat_fit__technology',
        'feat_engagement__web',
        'feat_engagement__responses',
        'feat_engagement__people',
        'feat_engagement__recency',
        'feat_engagement__momentum',
        'feat_intent__surge',
        'feat_relationship__open_opportunities',
        'feat_relationship__losses',
        'feat_relationship__people',
        'feat_relationship__sales_touches',
    ]) }}
{%- endmacro %}

{# Eligible accounts of the requested days with the columns of all feature models beside them. A row that
   one feature model lacks or has twice shows in the test of scoring_set: it must hold exactly the eligible
   accounts. #}
{% macro eligible_with_features() -%}
    (
        select
            eligible.account_id,
            eligible.as_of_date
            {%- for model in feature_models() %},
            {{ model }}.* exclude (account_id, as_of_date)
            {%- endfor %}
        from {{ on_requested_dates(ref('spine_account_day')) }} as eligible
        {%- for model in feature_models() %}
        inner join {{ ref(model) }} as {{ model }}
            on eligible.account_id = {{ model }}.account_id and eligible.as_of_date = {{ model }}.as_of_date
        {%- endfor %}
        where eligible.is_eligible
    )
{%- endmacro %}

{# The feature models of people, in the order in which their columns stand in lead_scoring_set. #}
{% macro lead_feature_models() -%}
    {{ return(['feat_leads__profile', 'feat_leads__behaviour']) }}
{%- endmacro %}

{# The same for people: those of scored accounts with the columns of all feature models of leads. #}
{% macro leads_with_features() -%}
    (
        select
            leads.lead_id,
            leads.account_id,
            leads.as_of_date
            {%- for model in lead_feature_models() %},
            {{ model }}.* exclude (lead_id, as_of_date)
            {%- endfor %}
        from {{ on_requested_dates(ref('spine_lead_day')) }} as leads
        {%- for model in lead_feature_models() %}
        inner join {{ ref(model) }} as {{ model }}
            on leads.lead_id = {{ model }}.lead_id and leads.as_of_date = {{ model }}.as_of_date
        {%- endfor %}
    )
{%- endmacro %}

{# A count: 0 where its feed is known and nothing was counted, null where the feed is absent. #}
{% macro counted(column, feed) -%}
    case when {{ feed }} then coalesce({{ column }}, 0)::integer end
{%- endmacro %}

{#
  An integer measure summed with weights that halve every `half_life_days` of its age in days, from 1
  today to nothing after 180 days. The weights are whole millionths and the sum is a whole number
  until its last step, so that the same rows give the same number whatever order they come in.
#}
{% macro decayed_sum(measure, half_life_days) -%}
    {%- set weights = [] -%}
    {%- for age in range(180) -%}
        {%- do weights.append((1000000 * 0.5 ** (age / half_life_days)) | round | int) -%}
    {%- endfor -%}
    coalesce(sum(({{ measure }})::bigint * ({{ weights }})[days_ago + 1]), 0)::bigint / 1000000::double
{%- endmacro %}
