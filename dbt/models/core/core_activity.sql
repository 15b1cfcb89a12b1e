{% set tracked = ['activity_type', 'person_id', 'account_id', 'opportunity_id', 'happened_at', 'is_deleted'] %}
-- What was done with people, of all kinds, as events. A record says at first that something is planned and
-- later how it went; each state that counts is a row, superseded when the record says otherwise.
-- Emails count as soon as they are logged, calls when they are done; a meeting counts from its start on.
with tasks as (

    select
        task_id as activity_id,
        case
            when task_subtype = 'Email' and is_closed is not false
                then case when task_type = 'Email Reply' then 'email_reply' else 'email_sent' end
            when task_subtype = 'Call' and coalesce(is_closed, status = 'Completed', false)
                then case when call_disposition = 'Connected' then 'call_connected' else 'call_attempted' end
        end as activity_type,
        who_id as person_id,
        coalesce(account_id, {{ id_of('what_id', '001') }}) as account_id,
        {{ id_of('what_id', '006') }} as opportunity_id,
        -- written down as done, but due earlier: told afterwards
        coalesce(case
            when due_on < created_at::date and coalesce(completed_at, created_at)::date = created_at::date
                then due_on::timestamp
        end, completed_at, least(
            case when due_on = created_at::date then created_at else coalesce(due_on::timestamp, created_at) end,
            occurred_at
        )) as happened_at,
        is_deleted, system_modstamp, occurred_at, known_at, source_file, source_sha256, source_line
    from {{ ref('stg_salesforce__task') }}

),

calendar_events as (

    select
        calendar_event_id as activity_id,
        case
            when calendar_event_type = 'Call' then case when is_no_show then 'call_attempted' else 'call_connected' end
            else case when is_no_show then 'meeting_no_show' else 'meeting' end
        end as activity_type,
        who_id as person_id,
        coalesce(account_id, {{ id_of('what_id', '001') }}) as account_id,
        {{ id_of('what_id', '006') }} as opportunity_id,
        coalesce(starts_at, created_at, occurred_at) as happened_at,
        is_deleted, system_modstamp, occurred_at, known_at, source_file, source_sha256, source_line
    from {{ ref('stg_salesforce__event') }}

),

-- what a campaign is is what it was when it became known: a type that is changed later rewrites nothing
campaigns as (

    select
        campaign_id,
        arg_min({'type': campaign_type}, row(known_at, occurred_at, source_file, source_sha256, source_line)).type as campaign_type,
        min(greatest(known_at, occurred_at::date)) as known_at
    from {{ ref('stg_salesforce__campaign') }}
    group by campaign_id

),

responses as (

    select
        members.campaign_member_id as activity_id,
        case
            when campaigns.campaign_type = 'Webinar' and members.status = 'Attended' then 'webinar_attended'
            when campaigns.campaign_type = 'Trade Show' and members.status = 'Attended' then 'event_attended'
            when members.has_responded or members.status in ('Responded', 'Attended')
                then case when campaigns.campaign_type = 'Content' then 'content_response' else 'campaign_response' end
        end as activity_type,
        members.person_id,
        null::varchar as account_id,
        null::varchar as opportunity_id,
        coalesce(members.first_responded_on::timestamp, members.occurred_at) as happened_at,
        members.is_deleted, members.system_modstamp, members.occurred_at,
        greatest(members.known_at, campaigns.known_at) as known_at,
        members.source_file, members.source_sha256, members.source_line
    from {{ ref('stg_salesforce__campaign_member') }} as members
    inner join campaigns on members.campaign_id = campaigns.campaign_id

),

activities as (

    select * from tasks
    union all by name
    select * from calendar_events
    union all by name
    select * from responses

),

versions as (

    {{ version_intervals('activities', 'activity_id', tracked) | indent(4) }}

)

select
    activity_id, activity_type, person_id, account_id, opportunity_id, happened_at as occurred_at,
    valid_from as known_at, valid_to as superseded_on
from versions
where activity_type is not null and not is_deleted and happened_at is not null
