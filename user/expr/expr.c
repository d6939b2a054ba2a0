// SPDX-License-Identifier: GPL-2.0-only
/*
 * expr.c - parse and evaluate metric expressions (grammar in expr.h) by recursive descent.
 *
 * An expression is one allocation: its text, an array of nodes that name each other by index, and
 * the clauses at its leaves. Evaluation is three-valued (Kleene): a metric without data is unknown,
 * NOT unknown is unknown, and an expression that stays unknown counts as false, so that missing data
 * never fires a rollback by way of a NOT.
 *
 * Limits: 4,000 bytes of text, 64 nodes, 32 levels of parentheses and NOTs.
 */
#include <errno.h>

#include "expr/expr_scan.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define MAX_TEXT  4000
#define MAX_NODES 64
#define MAX_DEPTH 32

enum truth { NO, UNKNOWN, YES };

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_CLAUSE };

struct node {
	enum node_kind kind;
	int left, right;   /* nodes; of a clause: left is its index */
	uint64_t for_ns;   /* must have been true so long */
	uint64_t since_ns; /* true since; valid when was_true */
	bool was_true;
};

struct expr {
	int root;
	uint32_t n_nodes, n_clauses;
	struct node nodes[MAX_NODES];
	struct expr_clause clauses[MAX_NODES];
	char text[MAX_TEXT + 1];
};

struct parser {
	struct expr *e;
	const char *p;
	int depth;
	struct fl_error *err;
};

static int fail(struct parser *s, const char *expected)
{
	if (!*s->p)
		return error_usage(s->err, "expression '%.200s' ends where %s is expected", s->e->text, expected);
	return error_usage(s->err, "expression: %s expected at '%.40s' (byte %d of '%.200s')", expected, s->p,
			   (int)(s->p - s->e->text) + 1, s->e->text);
}

static int new_node(struct parser *s, enum node_kind kind, int left, int right)
{
	struct expr *e = s->e;

	if (e->n_nodes == MAX_NODES)
		return error_usage(s->err, "expression: more than %d terms", MAX_NODES);
	e->nodes[e->n_nodes] = (struct node){ .kind = kind, .left = left, .right = right };
	return (int)e->n_nodes++;
}

static bool take_word(struct parser *s, const char *word)
{
	const char *p = scan_blank(s->p);

	if (!scan_is(p, scan_word(p), word))
		return false;
	s->p = p + strlen(word);
	return true;
}

static bool take_sign(struct parser *s, const char *sign)
{
	const char *p = scan_blank(s->p);

	if (strncmp(p, sign, strlen(sign)))
		return false;
	s->p = p + strlen(sign);
	return true;
}

static struct expr_clause *new_clause(struct parser *s, const char *start)
{
	struct expr_clause *c = &s->e->clauses[s->e->n_clauses];

	memset(c, 0, sizeof(*c));
	c->offset = (int)(start - s->e->text);
	return c;
}

/* The clause is complete: its text, its node. */
static int end_clause(struct parser *s, struct expr_clause *c)
{
	snprintf(c->text, sizeof(c->text), "%.*s", (int)(s->p - s->e->text) - c->offset, s->e->text + c->offset);
	return new_node(s, NODE_CLAUSE, (int)s->e->n_clauses++, -1);
}

/*
 * Words with a meaning. They become clauses on two built-in metrics, which measure/metrics.c
 * defines: slo_breach > 0, and alerts_firing{level=tier-1} > 0. -ENOENT: no phrase here.
 */
static int parse_phrase(struct parser *s)
{
	static const char *const slo[] = { "any", "SLO", "breach", "beyond", "budget" };
	const char *start = scan_blank(s->p);
	struct expr_clause *c;
	size_t len, i;

	if (take_word(s, "any")) {
		for (i = 1; i < ARRAY_SIZE(slo); i++)
			if (!take_word(s, slo[i])) {
				s->p = scan_blank(s->p);
				return fail(s, "'any SLO breach beyond budget'");
			}
		c = new_clause(s, start);
		snprintf(c->metric, sizeof(c->metric), "slo_breach");
	} else if (take_word(s, "alert")) {
		s->p = scan_blank(s->p);
		len = scan_word(s->p);
		c = new_clause(s, start);
		if (!len || len + sizeof("level=") > sizeof(c->labels)) {
			s->p = start;
			return -ENOENT; /* "alert > 3": a metric of that name */
		}
		snprintf(c->labels, sizeof(c->labels), "level=%.*s", (int)len, s->p);
		s->p += len;
		if (!take_word(s, "fires"))
			return fail(s, "'fires'");
		snprintf(c->metric, sizeof(c->metric), "alerts_firing");
	} else {
		return -ENOENT;
	}
	c->op = EXPR_GT;
	return end_clause(s, c);
}

static int parse_clause(struct parser *s)
{
	struct expr_clause *c;
	size_t len, n;
	int labels;

	s->p = scan_blank(s->p);
	len = scan_word(s->p);
	if (!len || len >= sizeof(c->metric))
		return fail(s, "a metric name");
	c = new_clause(s, s->p);
	memcpy(c->metric, s->p, len);
	s->p += len;
	labels = scan_labels(s->p, c->labels, sizeof(c->labels));
	if (labels < 0)
		return fail(s, "{label=value}");
	s->p = scan_blank(s->p + labels);
	n = scan_op(s->p, &c->op);
	if (!n)
		return fail(s, "a comparison (<, <=, >, >=, ==, !=)");
	s->p = scan_blank(s->p + n);
	n = scan_value(s->p, &c->value, &c->unit);
	if (!n)
		return fail(s, "a number with a known unit (99.5%, 800ms, 3s, 64MiB)");
	s->p += n;
	return end_clause(s, c);
}

static int parse_or(struct parser *s);

static int parse_atom(struct parser *s)
{
	size_t n;
	int node;

	if (take_sign(s, "(")) {
		node = parse_or(s);
		if (node < 0)
			return node;
		s->p = scan_blank(s->p);
		if (!take_sign(s, ")"))
			return fail(s, "')' or AND or OR");
	} else {
		node = parse_phrase(s);
		if (node == -ENOENT)
			node = parse_clause(s);
		if (node < 0)
			return node;
	}
	if (take_word(s, "for")) {
		s->p = scan_blank(s->p);
		n = scan_duration(s->p, &s->e->nodes[node].for_ns);
		if (!n)
			return fail(s, "a duration (30s, 2min)");
		s->p += n;
		if (s->e->nodes[node].kind == NODE_CLAUSE)
			s->e->clauses[s->e->nodes[node].left].for_ns = s->e->nodes[node].for_ns;
	}
	return node;
}

static int parse_not(struct parser *s)
{
	const char *p = scan_blank(s->p);
	int node;

	if (s->depth >= MAX_DEPTH)
		return error_usage(s->err, "expression: nested deeper than %d", MAX_DEPTH);
	s->depth++;
	if ((*p == '!' && p[1] != '=' && take_sign(s, "!")) || take_word(s, "NOT")) {
		node = parse_not(s);
		if (node >= 0)
			node = new_node(s, NODE_NOT, node, -1);
	} else {
		node = parse_atom(s);
	}
	s->depth--;
	return node;
}

static int parse_and(struct parser *s)
{
	int node = parse_not(s);

	while (node >= 0 && (take_word(s, "AND") || take_sign(s, "&&"))) {
		int right = parse_not(s);

		node = right < 0 ? right : new_node(s, NODE_AND, node, right);
	}
	return node;
}

static int parse_or(struct parser *s)
{
	int node = parse_and(s);

	while (node >= 0 && (take_word(s, "OR") || take_sign(s, "||"))) {
		int right = parse_and(s);

		node = right < 0 ? right : new_node(s, NODE_OR, node, right);
	}
	return node;
}

int expr_parse(const char *text, struct expr **ret, struct fl_error *err)
{
	struct expr *e = NULL;
	struct parser s = { .err = err };

	if (strlen(text) > MAX_TEXT)
		return error_usage(err, "expression: longer than %d bytes", MAX_TEXT);
	e = calloc(1, sizeof(*e));
	if (!e)
		return error_sys(err, ENOMEM, "expression: out of memory");
	text_copy(e->text, sizeof(e->text), text);
	s.e = e;
	s.p = e->text;
	e->root = parse_or(&s);
	if (e->root >= 0) {
		s.p = scan_blank(s.p);
		if (*s.p)
			e->root = fail(&s, "AND, OR, 'for DURATION' or the end");
	}
	if (e->root < 0) {
		int r = e->root;

		free(e);
		return r;
	}
	*ret = e;
	return 0;
}

void expr_scale(struct expr *e, double factor)
{
	uint32_t i;

	for (i = 0; e && i < e->n_nodes; i++)
		e->nodes[i].for_ns = (uint64_t)((double)e->nodes[i].for_ns * factor + 0.5);
	for (i = 0; e && i < e->n_clauses; i++)
		e->clauses[i].for_ns = (uint64_t)((double)e->clauses[i].for_ns * factor + 0.5);
}

void expr_free(struct expr *e)
{
	free(e);
}

const char *expr_text(const struct expr *e)
{
	return e->text;
}

uint32_t expr_clauses(const struct expr *e, const struct expr_clause **ret, uint32_t max)
{
	uint32_t i;

	for (i = 0; i < e->n_clauses && i < max; i++)
		ret[i] = &e->clauses[i];
	return i;
}

struct evaluation {
	struct expr *e;
	uint64_t now_ns;
	expr_lookup lookup;
	void *ctx;
	char *why; /* the first clause that is true */
	size_t why_size;
	struct fl_error *err;
	int error;
};

static enum truth eval_clause(struct evaluation *v, const struct expr_clause *c)
{
	double value = 0;
	int r = v->lookup(v->ctx, c, &value);

	if (r == -ENODATA)
		return UNKNOWN;
	if (r < 0) {
		if (!v->error)
			v->error = error_usage(v->err, "expression '%.200s': no metric '%s'", v->e->text, c->metric);
		return UNKNOWN;
	}
	if (!expr_compare(c->op, value, c->value))
		return NO;
	if (v->why_size && !v->why[0])
		snprintf(v->why, v->why_size, "%s: it is %.6g%s", c->text, c->unit == EXPR_RATIO ? value * 100 : value,
			 c->unit == EXPR_RATIO     ? "%"
			 : c->unit == EXPR_SECONDS ? "s"
						   : "");
	return YES;
}

static enum truth eval_node(struct evaluation *v, int index)
{
	struct node *n = &v->e->nodes[index];
	enum truth a, b, t = UNKNOWN;

	/* Both sides always: a `for` below must see every moment. */
	switch (n->kind) {
	case NODE_CLAUSE: t = eval_clause(v, &v->e->clauses[n->left]); break;
	case NODE_NOT: t = (enum truth)(YES - eval_node(v, n->left)); break;
	case NODE_AND:
	case NODE_OR:
		a = eval_node(v, n->left);
		b = eval_node(v, n->right);
		t = (n->kind == NODE_AND) == (a < b) ? a : b;
		break;
	}
	if (!n->for_ns)
		return t;
	if (t == YES && !n->was_true)
		n->since_ns = v->now_ns;
	n->was_true = t == YES;
	return t == YES && v->now_ns - n->since_ns < n->for_ns ? NO : t;
}

int expr_eval(struct expr *e, uint64_t now_ns, expr_lookup lookup, void *ctx, bool *ret, char *ret_why, size_t why_size,
	      struct fl_error *err)
{
	struct evaluation v = {
		.e = e, .now_ns = now_ns, .lookup = lookup, .ctx = ctx, .why = ret_why, .why_size = why_size, .err = err
	};
	enum truth t;

	if (why_size)
		ret_why[0] = '\0';
	t = eval_node(&v, e->root);
	if (v.error)
		return v.error;
	*ret = t == YES;
	if (!*ret && why_size)
		ret_why[0] = '\0';
	return 0;
}

const char *expr_clause_name(const struct expr_clause *clause, char *buf, size_t size)
{
	bool labels = clause->labels[0] != '\0';

	snprintf(buf, size, "%s%s%s%s", clause->metric, labels ? "{" : "", clause->labels, labels ? "}" : "");
	return buf;
}

bool expr_compare(enum expr_op op, double left, double right)
{
	switch (op) {
	case EXPR_LT: return left < right;
	case EXPR_LE: return left <= right;
	case EXPR_GT: return left > right;
	case EXPR_GE: return left >= right;
	case EXPR_EQ: return left == right;
	case EXPR_NE: return left != right;
	}
	return false;
}

const char *expr_op_text(enum expr_op op)
{
	static const char *const texts[] = { "<", "<=", ">", ">=", "==", "!=" };

	return texts[op];
}
