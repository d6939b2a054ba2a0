// SPDX-License-Identifier: GPL-2.0-only
/* plain.c - see measure.h. Tables of words; what is in none of them stays as it is. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "suite/exercise/measure.h"
#include "util/cleanup.h"
#include "util/text/text.h"

struct word {
	const char *from, *to;
};

/* clang-format off */
static const struct word metrics[] = {
	{ "ti le loi", "error_rate" }, { "ty le loi", "error_rate" }, { "ti le thanh cong", "success_rate" },
	{ "ty le thanh cong", "success_rate" }, { "do tre p", "p" },
	{ "tỷ lệ lỗi", "error_rate" }, { "tỉ lệ lỗi", "error_rate" }, { "tỷ lệ thành công", "success_rate" },
	{ "tỉ lệ thành công", "success_rate" }, { "độ trễ p", "p" }, { "tasa de errores", "error_rate" },
	{ "tasa de error", "error_rate" }, { "tasa de éxito", "success_rate" }, { "taxa de erros", "error_rate" },
	{ "taxa de erro", "error_rate" }, { "taxa de sucesso", "success_rate" }, { "taux d'erreurs", "error_rate" },
	{ "taux d'erreur", "error_rate" }, { "taux d’erreur", "error_rate" }, { "taux de réussite", "success_rate" },
	{ "taux de succès", "success_rate" }, { "latencia p", "p" }, { "latência p", "p" }, { "latence p", "p" },
	{ "latenz p", "p" }, { "fehlerrate", "error_rate" }, { "fehlerquote", "error_rate" },
	{ "erfolgsrate", "success_rate" }, { "erfolgsquote", "success_rate" }, { "错误率", "error_rate" },
	{ "成功率", "success_rate" }, { "success >", "success_rate >" }, { "success ≥", "success_rate ≥" },
	{ "errors <", "error_rate <" }, { "errors ≤", "error_rate ≤" }, { " percent", "%" }, { " phần trăm", "%" }, { " per cent", "%" },
	{ " của probe", "" }, { " of the probe", "" }, { " of probes", "" },
};
/* clang-format on */

/* What must hold, in words. "p99 above 500ms raises an alert" is no such clause, so a bare "above" is none of them. */
/* clang-format off */
static const struct word bounds[] = {
	{ " at least ", " >= " }, { " no less than ", " >= " }, { " not less than ", " >= " }, { " at most ", " <= " },
	{ " no more than ", " <= " }, { " not more than ", " <= " }, { " does not exceed ", " <= " },
	{ " remains above ", " > " }, { " stays above ", " > " }, { " remain above ", " > " }, { " stay above ", " > " },
	{ " remains below ", " < " }, { " stays below ", " < " }, { " remain below ", " < " }, { " stay below ", " < " },
	{ " remains under ", " < " }, { " stays under ", " < " }, { " remains over ", " > " }, { " stays over ", " > " },
	{ " tối thiểu ", " >= " }, { " ít nhất ", " >= " }, { " không dưới ", " >= " }, { " không thấp hơn ", " >= " },
	{ " tối đa ", " <= " }, { " nhiều nhất ", " <= " }, { " không quá ", " <= " }, { " không vượt quá ", " <= " },
	{ " không vượt ", " <= " }, { " vẫn trên ", " > " }, { " luôn trên ", " > " }, { " giữ trên ", " > " },
	{ " duy trì trên ", " > " }, { " vẫn dưới ", " < " }, { " luôn dưới ", " < " }, { " giữ dưới ", " < " },
	{ " duy trì dưới ", " < " }, { "p99 dưới ", "p99 < " }, { "p95 dưới ", "p95 < " }, { "p50 dưới ", "p50 < " },
	{ "p99 below ", "p99 < " }, { "p95 below ", "p95 < " }, { "latency below ", "latency < " },
	{ "p99 under ", "p99 < " }, { "p95 under ", "p95 < " }, { "latency under ", "latency < " },
	{ " mili giây", "ms" }, { " giây", "s" }, { " phút", "min" }, { " giay", "s" }, { " phut", "min" },
};
/* clang-format on */

/* clang-format off */
static const struct word joints[] = {
	{ "||", " OR " }, { "&&", " AND " }, { " hoặc ", " OR " }, { " và ", " AND " }, { " hoac ", " OR " }, { " va ", " AND " }, { " or ", " OR " },
	{ " and ", " AND " }, { ";", " OR " }, { "\n", " " }, { " liên tục", "" }, { " continuously", "" },
	{ " continuous", "" }, { " consecutive", "" }, { " in a row", "" }, { " sustained", "" },
	{ " for more than ", " for " }, { " for at least ", " for " }, { " for over ", " for " },
	{ " for > ", " for " }, { " for >", " for " }, { " for >= ", " for " }, { " kéo dài > ", " for " },
	{ " kéo dài ", " for " }, { " trong vòng ", " for " }, { " trong ", " for " }, { " suốt ", " for " },
	{ " within ", " for " }, { " during ", " for " }, { " over ", " for " }, { " in ", " for " },
	{ " seconds", "s" }, { " giây", "s" }, { " phút", "min" }, { " xuống dưới ", " < " }, { " dưới ", " < " },
	{ " drops below ", " < " }, { " falls below ", " < " }, { " below ", " < " }, { " under ", " < " },
	{ " less than ", " < " }, { " trên ", " > " }, { " vượt quá ", " > " }, { " vượt ", " > " },
	{ " exceeds ", " > " }, { " above ", " > " }, { " greater than ", " > " }, { " is ", " " },
	{ " o ", " OR " }, { " ou ", " OR " }, { " oder ", " OR " }, { " durante ", " for " }, { " pendant ", " for " },
	{ " segundos", "s" }, { " secondes", "s" }, { " minutos", "min" },
};
/* clang-format on */

/* Does @word begin @text, and end where a word ends there? */
static bool begins(const char *text, const char *word)
{
	size_t n = strlen(word);

	return !strncasecmp(text, word, n) &&
	       !(isalpha((unsigned char)word[n - 1]) && isalpha((unsigned char)text[n]) && word[n - 1] != 'p');
}

static char *replace(const char *text, const struct word *words, size_t n_words)
{
	struct text out = {};
	size_t i;

	while (*text) {
		for (i = 0; i < n_words; i++)
			if (begins(text, words[i].from))
				break;
		if (i < n_words) {
			size_t n = strlen(words[i].from), m = strlen(words[i].to);
			/* The blank at its end may begin the next one. */
			bool shared = n > 1 && m && words[i].from[n - 1] == ' ' && words[i].to[m - 1] == ' ';

			text_append_bytes(&out, words[i].to, m - shared);
			text += n - shared;
		} else {
			text_append_bytes(&out, text++, 1);
		}
	}
	return out.s;
}

/* Without remarks in parentheses: those with no comparison in them. "(30s)" is a time. */
static char *without_remarks(const char *text)
{
	struct text out = {};

	while (*text) {
		const char *close = *text == '(' ? strchr(text, ')') : NULL;
		_cleanup_free_ char *remark = NULL, *time = NULL;

		if (!close || strcspn(text, "<>=") <= (size_t)(close - text)) {
			text_append_bytes(&out, text++, 1);
			continue;
		}
		remark = strndup(text + 1, (size_t)(close - text) - 1);
		time = remark && isdigit((unsigned char)remark[0]) ? duration_of(remark, UNIT_NONE, UNIT_NONE) : NULL;
		if (time)
			text_append(&out, " for %s", time);
		text = close + 1;
	}
	return out.s;
}

/* "for 20" is 20 seconds. */
static char *with_seconds(const char *text)
{
	static const char word[] = " for ";
	struct text out = {};

	while (*text) {
		size_t n = strncmp(text, word, strlen(word)) ? 0 : strspn(text + strlen(word), "0123456789.");
		const char *end = text + strlen(word) + n;

		if (n && (!*end || (*end == ' ' && !isalpha((unsigned char)end[strspn(end, " ")])) ||
			  !strncmp(end, " OR ", 4) || !strncmp(end, " AND ", 5))) {
			text_append(&out, "%.*ss", (int)(strlen(word) + n), text);
			text = end;
		} else {
			text_append_bytes(&out, text++, 1);
		}
	}
	return out.s;
}

/* "probePassRate >= 0.99": a word of two cases that is compared is a metric. */
static char *without_camels(const char *text)
{
	struct text out = {};

	while (*text) {
		size_t len = 0, humps = 0, blanks;
		char word[80], folded[120];

		while (isalnum((unsigned char)text[len]) || text[len] == '_') {
			humps += len && isupper((unsigned char)text[len]) && islower((unsigned char)text[len - 1]);
			len++;
		}
		blanks = strspn(text + len, " ");
		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		names_fold(word, folded, sizeof(folded));
		if (humps && len < sizeof(word) && text[len + blanks] && strchr("<>=\xe2", text[len + blanks]))
			text_append(&out, "%s", folded);
		else
			text_append_bytes(&out, text, len ? len : 1);
		text += len ? len : 1;
	}
	return out.s;
}

/* "99,5%" and "4,8s" as they are written in Vietnam and much of Europe; "1,000ms" has a thousand. */
static char *with_points(const char *text)
{
	char *copy = strdup(text), *p, *to;

	for (p = to = copy; p && *p; p++) {
		size_t digits =
			*p == ',' && p > copy && isdigit((unsigned char)p[-1]) ? strspn(p + 1, "0123456789") : 0;

		if (digits == 3)
			continue;
		*to++ = digits == 1 || digits == 2 ? '.' : *p;
	}
	if (to)
		*to = '\0';
	return copy;
}

char *plain_metrics(const char *text)
{
	_cleanup_free_ char *pointed = with_points(text);
	_cleanup_free_ char *named = pointed ? replace(pointed, metrics, ARRAY_SIZE(metrics)) : NULL;
	_cleanup_free_ char *bound = named ? replace(named, bounds, ARRAY_SIZE(bounds)) : NULL;

	return bound ? without_camels(bound) : NULL;
}

char *plain_condition(const char *text)
{
	_cleanup_free_ char *named = plain_metrics(text);
	_cleanup_free_ char *bare = named ? without_remarks(named) : NULL;

	_cleanup_free_ char *joined = bare ? replace(bare, joints, ARRAY_SIZE(joints)) : NULL;

	return joined ? with_seconds(joined) : NULL;
}
