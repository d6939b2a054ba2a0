/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.h - the texts of the reports in each language. A text is a template: {name} is replaced by
 * what words_fill() is given for it, so that a language may put its words in its own order.
 */
#ifndef FL_WORDS_H
#define FL_WORDS_H

#include "util/text/text.h"

/* What a failure mode means to a person who has to mend it. */
struct mode_words {
	const char *mode; /* "7.1"; NULL ends the list */
	const char *weakness, *cause, *fix, *confirm;
};

/* A gap in words: symptoms are templates, causes are not. */
struct gap_words {
	const char *noise, *visible_cause, *noise_cause, *merged, *merged_cause, *no_output, *loudest, *called,
		*loudest_no_root, *loudest_cause, *ungrounded, *ungrounded_cause, *blind, *blind_cause, *missed, *late,
		*late_cause, *no_rca, *wrong, *none_cause, *false_alarms, *control_alarms, *false_cause;
};

struct truth_words; /* score/evidence.h */

#define SWEEP_WHO    3 /* by enum sweep_curve */
#define SWEEP_STATES 6 /* by enum limit_state, and by enum band_state */

/* A sweep: headings, and its sentence in pieces. Where `clauses` are NULL the English one of sweep.json is told. */
struct sweep_words {
	const char *heading, *trials, *limit, *at, *noticed, *without_fault, *size, *blind, *yes, *no, *unknown, *none,
		*probability, *method, *summary, *legend, *map, *carry, *unread;
	const char *who[SWEEP_WHO], *states[SWEEP_STATES], *ends[4]; /* by enum sweep_end */
	const char *does[SWEEP_WHO], *does_not[SWEEP_WHO], *clauses[SWEEP_STATES], *bands[SWEEP_STATES], *no_pipeline,
		*up, *down;
};

struct words {
	const char *lang;
	/* headings */
	const char *title, *own_title, *setup, *results, *analysis, *gaps, *open_gaps;
	/* setup */
	const char *not_recorded, *stack, *pipeline, *tool, *config, *host, *baseline, *total, *ran, *probe_log,
		*no_probe_log, *events, *torn, *by_hand, *scale, *invented, *takes;
	/* results */
	const char *matrix, *more, *accepted, *accepted_no_rca, *rejected, *unscored, *not_scored;
	/* an experiment: sentences in the order of their importance */
	const char *hypothesis, *no_hypothesis, *injected, *injected_open, *not_injected, *proof, *proof_undated,
		*proof_none, *no_proof, *changed, *symptom_seen, *detected, *missed, *missed_undated, *silent, *unread,
		*unreached, *no_pipeline, *received, *rca, *rca_unscored, *rca_unread, *rca_none, *rca_silent,
		*rca_not_asked, *match, *match_silent, *match_no_root, *match_not_wrong, *noticed, *mismatch,
		*mismatch_unknown, *excused, *excused_why, *excused_no_pipeline, *ended_early, *status, *probe,
		*no_probe, *felt, *unfelt, *shift, *shift_usual, *no_shift, *verdicts, *no_verdicts, *recovered,
		*not_recovered, *recovery_unknown, *recovery_unwatched, *loudness, *windows, *false_alarms, *blind,
		*rule_basis, *unscored_basis, *reader_note, *where_note, *control, *control_silent, *control_alarmed,
		*control_unscored;
	const char *right, *wrong;
	/* what followed a schedule */
	const char *course, *course_symptom, *course_alert, *course_set, *scheduled, *effect;
	/* gaps */
	const char *no_gaps, *no_gaps_rca, *no_gaps_unscored, *fewer_gaps, *symptom, *cause, *fix, *affected,
		*nothing_open, *open_unscored, *open_missed, *open_unread, *open_rca, *open_no_rca, *open_false,
		*open_left_out, *open_not_asked, *open_confirm;
	const struct mode_words *modes;
	const struct truth_words *truth;
	const struct sweep_words *sweep;
	const struct gap_words *gap; /* empty: as the scoreboard says it */
	/* SUBMIT.md */
	const char *submit_title, *submit_own_title, *learned, *missed_head, *trade_off_head, *summary_head, *author,
		*fact_detect, *fact_rca, *fact_no_rca, *fact_time, *fact_no_time, *fact_unjudged, *fact_untimed,
		*fact_unscored, *ask_learned, *experiment, *expected, *why_missed, *none_missed, *missed_unscored,
		*no_expectation, *ask_expected, *ask_why, *fact_trade_off, *ask_trade_off, *pass, *fail;
	/* report.html */
	const char *html_detected, *html_rca, *html_mttd, *html_false, *html_precision, *html_recall, *html_unscored,
		*hypotheses, *hypotheses_held, *baseline_band, *watch_band, *after_band, *fault, *probe_pass,
		*probe_fail, *alert, *measured, *first_hit, *first_symptom, *back, *change, *seconds, *hit, *blamed,
		*hit_blamed, *dependencies, *experiments, *raw, *no_probe_lines, *latency;
	/* beside.html */
	const char *beside, *beside_none, *beside_detected, *beside_missed, *beside_hypothesis;
};

/* "en" or "vi"; NULL for any other. */
const struct words *words_find(const char *lang);

#define WORDS_END ((const char *)NULL)

/* Append @template with {a} replaced by the text after "a", ...; pairs end with WORDS_END. */
void words_fill(struct text *out, const char *template, ...) __attribute__((sentinel));

/* Words separated by blanks: what a person would count. */
uint32_t count_words(const char *text);

/* The entry of a mode; the last one ("-") where none fits. */
const struct mode_words *words_mode(const struct words *w, const char *mode);

#endif
