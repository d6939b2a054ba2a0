// SPDX-License-Identifier: GPL-2.0-only
/* sweep_read.c - a sweep out of sweep.json: what is known follows from its trials, so these are taken once more. */
#include <errno.h>
#include <string.h>

#include "score/sweep/sweep.h"
#include "util/text/text.h"

#define TRIALS_READ 10000 /* of a file of somebody else's */

static const struct {
	enum param_type type;
	const char *text;
} types[] = {
	{ PARAM_DURATION, "duration" }, { PARAM_OFFSET, "offset" }, { PARAM_PERCENT, "percent" },
	{ PARAM_RATE, "rate" },         { PARAM_BYTES, "bytes" },   { PARAM_INT, "number" },
};

const char *sweep_type_text(enum param_type type)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].type == type)
			return types[i].text;
	return "number";
}

static bool read_type(const char *text, enum param_type *ret)
{
	size_t i;

	for (i = 0; text && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].text, text)) {
			*ret = types[i].type;
			return true;
		}
	return false;
}

static bool read_size(const json_t *o, struct sweep_size *ret)
{
	const json_t *range = json_object_get(o, "range");
	const char *param = json_string_value(json_object_get(o, "param"));

	*ret = (struct sweep_size){ .falling = json_is_true(json_object_get(o, "falling")),
				    .negative = json_is_true(json_object_get(o, "negative")),
				    .range = { json_number_value(json_array_get(range, 0)),
					       json_number_value(json_array_get(range, 1)) } };
	return read_type(json_string_value(json_object_get(o, "type")), &ret->type) && param &&
	       text_copy(ret->param, sizeof(ret->param), param);
}

static enum sweep_answer read_answer(const json_t *o, enum sweep_curve c)
{
	const json_t *a = json_object_get(o, sweep_curve_text(c));

	return !json_is_boolean(a) ? ANSWER_UNKNOWN : json_is_true(a) ? ANSWER_YES : ANSWER_NO;
}

static void read_trial(const struct sweep *s, const json_t *o, struct sweep_trial *ret)
{
	double value = json_number_value(json_object_get(o, "size"));
	enum sweep_curve c;

	*ret = (struct sweep_trial){ .size = value > 0 && s->size.falling ? 1 / value
					     : value > 0                  ? value
									  : 0,
				     .counts = json_is_true(json_object_get(o, "counts")) };
	text_copy(ret->id, sizeof(ret->id), json_string_value(json_object_get(o, "id")) ?: "");
	text_copy(ret->text, sizeof(ret->text), json_string_value(json_object_get(o, "text")) ?: "");
	text_copy(ret->note, sizeof(ret->note), json_string_value(json_object_get(o, "note")) ?: "");
	for (c = 0; c < SWEEP_CURVES; c++)
		ret->answer[c] = read_answer(o, c);
}

static bool was_asked(const json_t *o, enum sweep_curve c)
{
	const json_t *curve = json_object_get(json_object_get(o, "curves"), sweep_curve_text(c));

	return json_is_true(json_object_get(curve, "asked"));
}

int sweep_from_json(const json_t *o, struct sweep *ret)
{
	const json_t *trials = json_object_get(o, "trials"), *one;
	struct sweep_trial t;
	struct sweep_size size;
	size_t i;
	int r;

	*ret = (struct sweep){};
	if (!read_size(json_object_get(o, "size"), &size) || json_array_size(trials) > TRIALS_READ)
		return -EINVAL;
	r = sweep_init(ret, &size, json_number_value(json_object_get(o, "precision")),
		       (uint64_t)json_integer_value(json_object_get(o, "seed")), was_asked(o, SWEEP_REPORTED),
		       was_asked(o, SWEEP_ROOT));
	json_array_foreach(trials, i, one) {
		if (r)
			break;
		read_trial(ret, one, &t);
		r = sweep_take(ret, &t);
	}
	return r;
}
