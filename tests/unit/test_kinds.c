// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* The table of kinds: every parameter is bound to a member of a struct that has room for what it may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fault/fault.h"

static bool has_room(const struct param *q)
{
	switch (q->type) {
	case PARAM_DURATION:
	case PARAM_RATE:
	case PARAM_BYTES: return q->field == PARAM_FIELD_U64 || q->field == PARAM_FIELD_OPTIONAL;
	case PARAM_OFFSET: return q->field == PARAM_FIELD_I64 || q->field == PARAM_FIELD_OPTIONAL;
	case PARAM_PERCENT:
	case PARAM_ENUM: return q->field == PARAM_FIELD_U32 || q->field == PARAM_FIELD_OPTIONAL;
	case PARAM_BOOL: return q->field == PARAM_FIELD_BOOL;
	case PARAM_STRING:
	case PARAM_PEERS: return q->field == PARAM_FIELD_TEXT;
	case PARAM_PORTS:
	case PARAM_RANGE: return q->field == PARAM_FIELD_RANGE;
	case PARAM_INT: break;
	}
	switch (q->field) {
	case PARAM_FIELD_U16: return q->min >= 0 && q->max <= UINT16_MAX;
	case PARAM_FIELD_U32: return q->min >= 0 && q->max <= UINT32_MAX;
	case PARAM_FIELD_U64: return q->min >= 0;
	case PARAM_FIELD_I64:
	case PARAM_FIELD_OPTIONAL: return true;
	default: return false;
	}
}

/* No value of a kind is cut off, and none is looked up by name. */
static void all_kinds_bind_all(void **state)
{
	uint32_t i, j, n = 0;
	(void)state;

	for (i = 0; fault_table[i]; i++) {
		const struct param *const tables[] = { fault_table[i]->params, fault_table[i]->common };

		for (j = 0; j < 2; j++) {
			const struct param *q;

			for (q = tables[j]; q && q->name; q++, n++)
				if (!has_room(q))
					fail_msg("%s: %s is bound to no member that fits", fault_table[i]->name,
						 q->name);
		}
	}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_bind_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
