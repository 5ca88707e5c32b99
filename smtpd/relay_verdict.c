#include "relay_verdict.h"

/* Of the text about one recipient; and for the last line. */
#define REASON_MAX 80
#define LAST_LINE_MAX 40

void
relay_verdict_start(struct relay_verdict *v)
{
	v->worst = NEXTHOP_YES;
	v->count = 0;
	v->named = 0;
	v->reply = (struct reply){ 250, v->status, v->text };
	v->list = TEXT_IN(v->text);
	v->list.size -= LAST_LINE_MAX;
}

static void
put_line_end(struct relay_verdict *v)
{
	if (v->list.length > 0)
		text_put_char(&v->list, '\n');
}

/* "<address> reason", if there is room for it. */
static void
name(struct relay_verdict *v, const struct address *to, const char *reason)
{
	char buffer[1 + ADDRESS_TEXT_MAX + 2 + REASON_MAX + 1];
	struct text line = TEXT_IN(buffer);
	size_t length = strcspn(reason, "\n");

	text_put_char(&line, '<');
	address_write(&line, to);
	text_put(&line, "> ");
	text_put_span(&line,
	    (struct span){ reason, length < REASON_MAX ? length : REASON_MAX });
	/* An address may be UTF-8, which a reply is not. */
	for (size_t i = 0; i < line.length; i++)
		if (buffer[i] < ' ' || buffer[i] > '~')
			buffer[i] = '?';
	if (v->named == RELAY_VERDICT_NAMED_MAX ||
	    v->list.size - v->list.length <= line.length + 1)
		return;
	put_line_end(v);
	text_put_span(&v->list, text_span(&line));
	v->named++;
}

/* Answers are ordered in their enum from good to bad. */
void
relay_verdict_add(struct relay_verdict *v, enum nexthop_answer answer,
    const struct address *to, const struct reply *reply)
{
	if (answer == NEXTHOP_GO_ON)
		answer = NEXTHOP_LOST; /* nonsense */
	if (answer == NEXTHOP_YES || answer < v->worst)
		return;
	if (answer > v->worst) {
		relay_verdict_start(v);
		v->worst = answer;
		if (answer != NEXTHOP_LOST) {
			struct text status = TEXT_IN(v->status);

			v->reply.code = answer == NEXTHOP_NO ? reply->code
							     : 451;
			text_put(&status, reply->status);
		}
	}
	v->count++;
	if (answer != NEXTHOP_LOST)
		name(v, to, reply->text);
}

const struct reply *
relay_verdict_reply(struct relay_verdict *v)
{
	if (v->count > v->named) {
		v->list.size = sizeof(v->text);
		put_line_end(v);
		text_put_number(&v->list, v->count - v->named);
		text_put(&v->list, v->named > 0 ? " more" : " recipients");
		v->named = v->count;
	}
	return &v->reply;
}
