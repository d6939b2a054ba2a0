// SPDX-License-Identifier: GPL-2.0-only
/*
 * names.c - the table of everything that the exercise's files call otherwise than we do.
 *
 * A key is folded first (case, camelCase, blanks, hyphens; the unit at its end is cut off and kept), so
 * a row stands for all spellings of one word. Where a key may stand is a mask: people put the same key at
 * the entry, in the blast radius or in the ground truth.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "suite/exercise/names.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define ANY       (AT_ENTRY | AT_BLAST | AT_ROLLBACK | AT_MEASURE | AT_TRUTH | AT_FAULT | AT_COMMAND)
#define NOT_TRUTH (AT_ENTRY | AT_BLAST | AT_FAULT)

struct key_row {
	enum slot slot;
	int at, native;    /* places where it is understood; where it is our own key */
	const char *names; /* separated by blanks */
};

static const struct key_row keys[] = {
	/* the file */
	{ SLOT_EXPERIMENTS, AT_ROOT, AT_ROOT, "experiments" },
	{ SLOT_EXPERIMENTS, AT_ROOT, 0,
	  "chaos_experiments experiment_list scenarios tests faults catalog catalogue entries cases thi_nghiem "
	  "cac_thi_nghiem danh_sach_thi_nghiem danh_sach kich_ban experiment" },
	{ SLOT_SUITE, AT_ROOT, AT_ROOT, "suite" },
	{ SLOT_PROBE, AT_ROOT, 0, "probe synthetic_probe probe_url probe_endpoint endpoint" },
	{ SLOT_PIPELINE, AT_ROOT, 0, "pipeline pipeline_url aiops_pipeline aiops pipeline_endpoint base_url" },
	{ SLOT_PROMETHEUS, AT_ROOT, 0, "prometheus prometheus_url prom_url prom" },
	{ SLOT_BASELINE, AT_ROOT, 0, "baseline baseline_window baseline_duration" },
	{ SLOT_COOLDOWN, AT_ROOT, 0, "cooldown cooldown_between cooldown_between_experiments cool_down cooldown_time" },
	{ SLOT_GRACE, AT_ROOT, 0, "grace grace_period" },
	{ SLOT_DEFAULTS, AT_ROOT, 0, "defaults default common" },
	{ SLOT_SILENT, AT_ROOT, 0,
	  "version schema_version api_version apiversion kind metadata name title description desc author owner "
	  "group team members date nhom thanh_vien tac_gia ngay lop mon_hoc ghi_chu created_at updated_at note notes "
	  "comment lab course" },
	{ SLOT_CONFIG, AT_ROOT, 0,
	  "settings config configuration globals global stack environment env setup run runner cau_hinh" },
	{ SLOT_IGNORED, AT_ROOT, 0, "topology mode_note mode runbook rollback measurement" },

	/* an entry */
	{ SLOT_ID, AT_ENTRY, AT_ENTRY, "id" },
	{ SLOT_ID, AT_ENTRY, 0, "exp_id experiment_id no number num index stt so_thu_tu so #" },
	{ SLOT_NAME, AT_ENTRY, AT_ENTRY, "name" },
	{ SLOT_NAME, AT_ENTRY, 0, "title experiment_name exp_name experiment ten ten_thi_nghiem" },
	{ SLOT_DESCRIPTION, AT_ENTRY, AT_ENTRY, "description" },
	{ SLOT_DESCRIPTION, AT_ENTRY, 0, "desc summary mo_ta note notes comment goal objective" },
	{ SLOT_TAGS, AT_ENTRY, AT_ENTRY, "tags" },
	{ SLOT_HYPOTHESIS, AT_ENTRY, AT_ENTRY, "hypothesis" },
	{ SLOT_HYPOTHESIS, AT_ENTRY, 0, "hypotheses hypo gia_thuyet gia_dinh steady_state_hypothesis" },
	{ SLOT_STEADY, AT_ENTRY | AT_MEASURE, AT_ENTRY, "steady_state" },
	{ SLOT_STEADY, AT_ENTRY | AT_MEASURE, 0,
	  "steady steadystate steady_state_condition steady_state_conditions slo success_criteria" },

	/* the fault */
	{ SLOT_FAULT, AT_ENTRY, AT_ENTRY, "fault_type" },
	{ SLOT_FAULT, AT_FAULT | AT_BLAST, 0, "fault_type" },
	{ SLOT_FAULT, AT_ENTRY | AT_FAULT, 0,
	  "fault fault_kind fault_name chaos_type injection_type inject_type attack attack_type what loai_loi kieu_loi "
	  "loi "
	  "loai_su_co" },
	{ SLOT_FAULT, AT_ENTRY | AT_FAULT, 0, "type kind" },
	{ SLOT_FAULT, AT_FAULT, 0, "name" },
	{ SLOT_TRUTH_FAULT, AT_TRUTH, 0, "fault_type fault fault_kind injected_fault actual_fault" },
	{ SLOT_CLASS, AT_TRUTH, AT_TRUTH, "symptom" },
	{ SLOT_CLASS, AT_TRUTH | AT_ENTRY, 0,
	  "class expected_fault_class fault_class expected_class expected_fault_type expected_fault fault_signature "
	  "expected_signature expected_symptom expected_symptoms symptoms anomaly_type expected_anomaly "
	  "expected_anomaly_type" },
	{ SLOT_PARAMS, AT_ENTRY, AT_ENTRY, "params" },
	{ SLOT_PARAMS, AT_FAULT, 0, "params" },
	{ SLOT_PARAMS, AT_ENTRY | AT_FAULT, 0,
	  "parameters param fault_params fault_parameters fault_config fault_spec inject_params "
	  "injection_params args options settings config spec tham_so thong_so" },
	{ SLOT_COMMAND, AT_ENTRY | AT_FAULT, 0,
	  "inject_cmd_args inject_args injection inject inject_config inject_cmd inject_command injection_command "
	  "chaos_command fault_command lenh how" },
	{ SLOT_COMMAND, AT_ENTRY | AT_FAULT, 0, "command commands cmd" },
	{ SLOT_ACTION, AT_ENTRY | AT_FAULT | AT_COMMAND, 0, "action sub_type subtype fault_action" },
	/* below it */
	{ SLOT_FAULT, AT_COMMAND, 0, "fault_type fault type kind" },
	{ SLOT_PARAMS, AT_COMMAND, 0, "params parameters args options config" },
	{ SLOT_TARGET, AT_COMMAND, 0, "target service target_service container" },
	{ SLOT_PEER, AT_COMMAND, 0, "peer" },
	{ SLOT_DURATION, AT_COMMAND, 0, "duration" },
	{ SLOT_FAULTS, AT_ENTRY, AT_ENTRY, "faults" },

	/* where */
	{ SLOT_BLAST_TARGET, AT_BLAST, AT_BLAST, "target" },
	{ SLOT_BLAST_TARGET, AT_BLAST, 0,
	  "targets target_service service services scope container container_name component radius pham_vi "
	  "edge link muc_tieu dich_vu" },
	{ SLOT_TARGET, AT_ENTRY | AT_FAULT, 0,
	  "target targets target_service target_services service service_name services target_svc svc victim "
	  "component container container_name target_container edge link muc_tieu dich_vu where from from_service "
	  "source src "
	  "source_service" },
	{ SLOT_TRUTH_TARGET, AT_TRUTH, 0,
	  "fault_service injected_service faulty_service target_service target service affected_service "
	  "injected_at fault_target" },
	{ SLOT_PEER, NOT_TRUTH, 0,
	  "peer peer_service target_peer destination dest dst to_service to peers other_end upstream_service" },
	{ SLOT_DURATION, AT_BLAST, AT_BLAST, "duration" },
	{ SLOT_DURATION, AT_ENTRY | AT_FAULT, 0, "duration" },
	{ SLOT_DURATION, AT_BLAST, 0, "time" },
	{ SLOT_DURATION, AT_ENTRY | AT_BLAST, 0, "seconds secs" },
	{ SLOT_DURATION, NOT_TRUTH, 0,
	  "fault_duration inject_duration injection_duration dur length thoi_gian thoi_luong run_for keo_dai" },
	{ SLOT_MAX_DURATION, NOT_TRUTH | AT_ROLLBACK, 0,
	  "max_duration maximum_duration duration_max max_fault_duration max_time time_limit thoi_gian_toi_da" },
	{ SLOT_TRAFFIC, AT_BLAST, AT_BLAST, "traffic" },
	{ SLOT_TRAFFIC, AT_ENTRY, 0, "traffic" },
	{ SLOT_TRAFFIC, AT_ENTRY | AT_BLAST, 0,
	  "traffic_share traffic_scope percent_traffic percent_of_traffic traffic_fraction luu_luong" },
	{ SLOT_TRAFFIC, AT_BLAST, 0, "percent percentage" },
	{ SLOT_STAGE, AT_BLAST, AT_BLAST, "stage" },
	{ SLOT_INSTANCES, AT_BLAST | AT_ENTRY, 0, "instances instance_count replicas instance count containers" },

	/* taking it back */
	{ SLOT_AUTOMATIC, AT_ROLLBACK, AT_ROLLBACK, "automatic" },
	{ SLOT_AUTOMATIC, AT_ROLLBACK, 0,
	  "auto enabled is_automatic automated automatic_rollback auto_rollback tu_dong automatically" },
	{ SLOT_AUTOMATIC, AT_ENTRY, 0, "automatic_rollback auto_rollback" },
	{ SLOT_TRIGGER, AT_ROLLBACK, AT_ROLLBACK, "trigger_when" },
	{ SLOT_TRIGGER, AT_ROLLBACK, 0,
	  "trigger triggers trigger_if trigger_on trigger_condition trigger_conditions when condition conditions if "
	  "abort_when rollback_when rollback_trigger dieu_kien dieu_kien_kich_hoat kich_hoat_khi kich_hoat khi on" },
	{ SLOT_TRIGGER, AT_ENTRY, 0,
	  "trigger_when rollback_when rollback_trigger trigger stop_if stop_when when_to_stop rollback_if" },
	{ SLOT_METHOD, AT_ROLLBACK, AT_ROLLBACK, "method" },
	{ SLOT_METHOD, AT_ROLLBACK, 0,
	  "methods command commands cmd how action actions step steps script rollback_cmd rollback_command "
	  "rollback_method procedure phuong_phap cach cach_thuc cach_lam lenh do" },
	{ SLOT_METHOD, AT_ENTRY, 0, "rollback_cmd rollback_command rollback_method" },
	{ SLOT_ABORTS, AT_ENTRY, AT_ENTRY, "abort_conditions" },
	{ SLOT_ABORTS, AT_ENTRY | AT_ROLLBACK, 0,
	  "abort abort_condition aborts abort_if stop_conditions stop_condition halt_conditions dieu_kien_dung "
	  "abort_conditions" },

	/* measuring */
	{ SLOT_METRICS, AT_MEASURE, AT_MEASURE, "metrics" },
	{ SLOT_METRICS, AT_MEASURE | AT_ENTRY, 0,
	  "metric metrics signals signal measures observe observed_metrics indicators sli slis chi_so primary_metrics "
	  "key_metrics" },
	{ SLOT_MORE_METRICS, AT_MEASURE, 0, "secondary_metrics more_metrics other_metrics extra_metrics" },
	{ SLOT_WINDOW, AT_MEASURE, AT_MEASURE, "capture_window" },
	{ SLOT_WINDOW, AT_MEASURE | AT_ENTRY, 0,
	  "window capture capture_duration observation_window measurement_window observe_window "
	  "observation_period capture_period capture_window cua_so cua_so_do" },

	/* what the pipeline should say */
	{ SLOT_ROOT, AT_TRUTH, AT_TRUTH, "root_service" },
	{ SLOT_ROOT, AT_TRUTH, 0,
	  "root root_services root_cause root_cause_service rca rca_service rca_root rca_root_service "
	  "expected_root expected_root_service expected_root_services expected_root_cause "
	  "expected_root_cause_service expected_rca expected_rca_service expected_rca_root "
	  "expected_rca_root_service expected_service expected_rca_services correct_root correct_service "
	  "goc_re nguyen_nhan nguyen_nhan_goc goc dich_vu_goc service target" },
	{ SLOT_ROOT, AT_ENTRY, 0,
	  "expected_root_service expected_rca_service expected_root expected_root_cause expected_rca root root_service "
	  "root_cause nguyen_nhan_goc goc dich_vu_goc" },
	{ SLOT_MORE_ROOTS, AT_TRUTH, 0,
	  "accept_rca accepted_rca acceptable_rca accept_root accept_roots acceptable_root accepted_root "
	  "acceptable_root_services accepted_root_services acceptable_roots acceptable_services also_accept "
	  "allowed_rca allowed_roots alternative_roots alternatives valid_roots valid_rca" },
	{ SLOT_NOT_ROOT, AT_TRUTH, AT_TRUTH, "not_service" },
	{ SLOT_NOT_ROOT, AT_TRUTH, 0,
	  "not_services not_root not_root_service not_root_services not_rca must_not_root must_not_be_root "
	  "must_not_be must_not_pick must_not_rca rca_must_not_be root_must_not_be reject_rca rejected_rca "
	  "reject_root reject_roots rejected_roots forbidden_root forbidden_rca forbidden_root_service "
	  "forbidden_services excluded_root excluded_roots exclude_rca unexpected_root unexpected_root_service "
	  "wrong_root wrong_rca expected_not_root should_not_be khong_phai not khong" },
	{ SLOT_DETECT, AT_TRUTH, AT_TRUTH, "must_detect" },
	{ SLOT_DETECT, AT_TRUTH, 0,
	  "expected_detected expected_detection expected_detect expect_detection expect_detected "
	  "should_detect should_be_detected detect detected detection detection_expected detectable "
	  "expected_alert must_be_detected phat_hien phai_phat_hien" },
	{ SLOT_DETECT, AT_ENTRY, 0, "expected_detected expected_detection should_detect" },
	{ SLOT_REASON, AT_TRUTH, AT_TRUTH, "reason" },
	{ SLOT_REASON, AT_TRUTH, 0, "why note notes comment explanation rationale description ly_do" },

	/* sections */
	{ SLOT_BLAST, AT_ENTRY, AT_ENTRY, "blast_radius" },
	{ SLOT_BLAST, AT_ENTRY, 0, "blast radius blast_scope ban_kinh ban_kinh_anh_huong pham_vi_anh_huong pham_vi" },
	{ SLOT_ROLLBACK, AT_ENTRY, AT_ENTRY, "rollback" },
	{ SLOT_ROLLBACK, AT_ENTRY, 0, "roll_back rollback_plan recovery revert undo hoan_tac khoi_phuc quay_lui" },
	{ SLOT_MEASURE, AT_ENTRY, AT_ENTRY, "measurement" },
	{ SLOT_MEASURE, AT_ENTRY, 0, "measurements measure measuring observation observability do_luong do_dac" },
	{ SLOT_TRUTH, AT_ENTRY, AT_ENTRY, "ground_truth" },
	{ SLOT_TRUTH, AT_ENTRY, 0,
	  "groundtruth truth expected expect expectation expectations expected_result expected_results "
	  "expected_outcome "
	  "ket_qua_mong_doi mong_doi ky_vong ket_qua_ky_vong dap_an" },

	{ SLOT_INNER, AT_ENTRY, 0, "metadata meta info general" },

	/* known, without a meaning here: each is said once */
	{ SLOT_IGNORED, ANY, 0,
	  "simulation simulated simulate result results outcome command commands cmd tool tools impact traffic_impact "
	  "expected_impact affected_services affected affects services_affected level max_rollback_time "
	  "sampling_interval interval revert undo steps "
	  "downstream downstream_services upstream fault_injected fault_description severity priority owner author "
	  "status enabled skip order expected_mttd mttd max_mttd expected_mttd_max detection_deadline expected_alerts "
	  "expected_metrics expected_response expected_pipeline_response expected_behavior expected_behaviour category "
	  "catalog catalog_id catalog_ref ref refs reference references evidence runbook topology depends_on "
	  "dependencies timeout retries cooldown warmup baseline baseline_window environment env mode_note mode "
	  "proxy port endpoint url namespace layer lateral escalation rationale why risk risks stage_note notes note "
	  "comment description confidence expected_confidence confidence_min min_confidence recovery_time verify "
	  "verification recovery_check recovery estimated_recovery max_recovery log_file probe" },
};

static const char *const kinds[][2] = {
	{ "latency", "latency delay network_latency network_delay net_latency net_delay netem_delay netem_latency "
		     "netem delay_injection latency_injection slow_network high_latency inject_latency tc_delay" },
	{ "network_loss", "network_loss loss packet_loss netem_loss net_loss packetloss network_packet_loss "
			  "packet_drop loss_injection tc_loss drop_packets" },
	{ "availability", "availability kill pod_kill container_kill service_kill process_kill pod_delete "
			  "container_crash instance_kill docker_kill kill_container kill_pod pod_failure service_down "
			  "unavailable unavailability crash_loop periodic_kill" },
	{ "cpu_saturation",
	  "cpu_saturation cpu cpu_stress stress_cpu cpu_hog cpu_load high_cpu cpu_burn cpu_exhaustion "
	  "cpu_pressure" },
	{ "memory", "memory memory_fill mem mem_fill stress_memory memory_stress stress_mem mem_stress memory_hog "
		    "memory_pressure memory_saturation memory_exhaustion stress_vm memory_leak oom" },
	{ "disk_fill", "disk_fill disk disk_full fill_disk disk_space disk_pressure disk_saturation disk_exhaustion "
		       "storage_fill volume_fill" },
	{ "time_skew", "time_skew clock_skew clock time_drift clock_drift time_shift time_offset clock_offset faketime "
		       "libfaketime" },
	{ "network_partition", "network_partition partition net_partition network_split split_brain netsplit "
			       "network_isolation isolate network_cut link_down network_disconnect "
			       "iptables_drop" },
	{ "dns_latency", "dns_latency dns dns_slow slow_dns dns_delay slow_lookup dns_slow_lookup slow_dns_lookup "
			 "lookup_delay dns_lookup_delay dns_slowness" },
	{ "http_error", "http_error cascade_retry http_errors http_500 http500 http_5xx http5xx http_error_inject "
			"http_error_injection error_injection http_fault http_500_inject http_abort inject_500 "
			"retry_storm cascade cascading_retry cascade_failure retry_cascade http_500_injection" },
	/* the other kinds of the exercise's chapter on faults (seed section 3) */
	{ "bandwidth",
	  "bandwidth bandwidth_limit bandwidth_throttle network_bandwidth throttle rate_limit tbf slow_link" },
	{ "disk_io", "disk_io disk_io_saturation io_stress stress_io io_saturation disk_stress io_load" },
	{ "fd_exhaustion", "fd_exhaustion fd file_descriptors file_descriptor_exhaustion fd_leak too_many_open_files" },
	{ "pause", "pause container_pause docker_pause sigstop freeze process_pause service_pause hang" },
	{ "http_latency", "http_latency http_slow http_slow_response slow_response http_delay" },
	{ "dns_error", "dns_error dns_failure dns_fail nxdomain dns_down" },
	{ "time_jump", "time_jump clock_jump date_set" },
};

struct param_row {
	const char *kind, *native, *names;
};

static const struct param_row params[] = {
	{ "latency", "delay",
	  "delay latency time mean network_delay added_latency base_delay extra_latency delay_time do_tre tre value "
	  "amount intensity magnitude" },
	{ "latency", "jitter", "jitter variance delay_jitter variation deviation stddev dao_dong" },
	{ "latency", "correlation", "correlation corr" },
	{ "latency", "distribution", "distribution" },
	{ "network_loss", "percent",
	  "percent loss packet_loss loss_rate drop drop_rate rate probability loss_probability percentage ty_le "
	  "ty_le_mat mat_goi value amount intensity magnitude" },
	{ "network_loss", "correlation", "correlation corr" },
	{ "availability", "every",
	  "every interval kill_interval kill_every period repeat_every repeat_interval chu_ky moi lap_lai value" },
	{ "availability", "signal", "signal kill_signal sig" },
	{ "cpu_saturation", "load",
	  "load cpu_load cpu percent cpu_percent utilization percentage tai muc_tai value amount intensity magnitude" },
	{ "cpu_saturation", "workers", "workers cpu_workers cores cpus cpu_count cpu_cores threads" },
	{ "memory", "percent",
	  "percent vm_bytes memory mem fill vm_percent memory_fill mem_fill fill_percent percentage ty_le value "
	  "amount intensity magnitude" },
	{ "memory", "bytes", "bytes size memory_bytes" },
	{ "disk_fill", "percent",
	  "percent fill disk usage target_usage disk_fill disk_usage fill_to percentage ty_le value amount intensity "
	  "magnitude" },
	{ "disk_fill", "bytes", "bytes size fill_size file_size" },
	{ "disk_fill", "path",
	  "path fill_path mount mount_point mountpoint volume dir directory target_path fill_dir duong_dan thu_muc" },
	{ "disk_fill", "mode", "mode" },
	{ "time_skew", "offset",
	  "offset skew clock_skew time_offset shift time_shift clock_offset drift_offset seconds do_lech lech value "
	  "amount intensity magnitude" },
	{ "network_partition", "peer",
	  "peer peer_service target_peer destination dest dst to to_service peers from source" },
	{ "network_partition", "direction", "direction" },
	{ "dns_latency", "delay",
	  "delay latency dns_delay lookup_delay dns_latency slow time added_latency do_tre tre value amount intensity "
	  "magnitude" },
	{ "dns_latency", "jitter", "jitter" },
	{ "dns_latency", "name", "name domain query host hostname" },
	{ "http_error", "percent",
	  "percent error error_rate rate ratio probability toxicity fraction share http_error_rate "
	  "errors failure_rate error_probability percentage ty_le ty_le_loi value amount intensity magnitude" },
	{ "http_error", "status",
	  "status code http_code status_code error_code http_status response_code http_status_code ma_loi ma" },
	{ "http_error", "path", "path route url_path" },
	{ "http_error", "method", "method methods http_method" },
	{ "bandwidth", "rate", "rate bandwidth limit throttle" },
	{ "http_latency", "delay", "delay latency time" },
};

const char *const names_services[] = {
	"frontend", "api-gateway",  "payment-svc", "payment-db",    "inventory-svc", "inventory-db", "notification-svc",
	"kafka",    "checkout-svc", "auth-svc",    "log-collector", "dns-resolver",  "cache-svc",    NULL
};

/* --- looking up ------------------------------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	if (!len || strchr(word, ' '))
		return false;
	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
		at += len;
	}
	return false;
}

/* --- keys ------------------------------------------------------------------------------------- */

static const struct key_row *find_row(const char *folded, enum place at)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if ((keys[i].at & (int)at) && has_word(keys[i].names, folded))
			return &keys[i];
	return NULL;
}

enum slot names_slot(const char *key, enum place at, enum key_unit *ret_unit, bool *ret_native)
{
	const struct key_row *row;
	char folded[80];

	names_fold(key, folded, sizeof(folded));
	*ret_unit = UNIT_NONE;
	row = find_row(folded, at);
	if (row && (row->slot != SLOT_IGNORED || !strchr(folded, '_'))) {
		*ret_native = (row->native & (int)at) && !strcmp(key, folded);
		return row->slot;
	}
	*ret_native = false;
	*ret_unit = names_cut_unit(folded);
	if (*ret_unit != UNIT_NONE && find_row(folded, at))
		row = find_row(folded, at);
	return row ? row->slot : SLOT_NONE;
}

bool names_is_slip(const char *key, enum place at)
{
	char word[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *p = keys[i].names;

		for (; (keys[i].native & (int)at) && *p; p += strspn(p, " ")) {
			size_t n = strcspn(p, " ");

			snprintf(word, sizeof(word), "%.*s", (int)n, p);
			if (text_distance(key, word) <= (n < 6 ? 1u : 2u))
				return true;
			p += n;
		}
	}
	return false;
}

const char *names_near(const char *key, enum place at)
{
	static char found[80]; /* of one message, at once used */
	char folded[80], word[80];
	unsigned int best = 3, d;
	size_t i;

	names_fold(key, folded, sizeof(folded));
	names_cut_unit(folded);
	if (strlen(folded) < 6)
		best = 2;
	found[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *p = keys[i].names;

		if (!(keys[i].at & (int)at) || keys[i].slot == SLOT_IGNORED)
			continue;
		for (; *p; p += strspn(p, " ")) {
			size_t n = strcspn(p, " ");

			snprintf(word, sizeof(word), "%.*s", (int)n, p);
			d = text_distance(folded, word);
			if (d < best) {
				best = d;
				snprintf(found, sizeof(found), "%s", word);
			}
			p += n;
		}
	}
	return found[0] ? found : NULL;
}

/* --- kinds and parameters --------------------------------------------------------------------- */

const char *names_kind(const char *word)
{
	char folded[80];
	size_t i;

	names_fold(word, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (has_word(kinds[i][1], folded))
			return kinds[i][0];
	return NULL;
}

/* Words of a phrase, folded, the more telling ones first: "slow DNS lookups" is no latency. */
const char *names_kind_of_phrase(const char *phrase)
{
	static const char *const words[][2] = {
		{ "dns", "dns_latency" },
		{ "lookup", "dns_latency" },
		{ "phan_giai", "dns_latency" },
		{ "partition", "network_partition" },
		{ "phan_vung", "network_partition" },
		{ "dut_mang", "network_partition" },
		{ "cat_mang", "network_partition" },
		{ "mat_ket_noi", "network_partition" },
		{ "packet_loss", "network_loss" },
		{ "mat_goi", "network_loss" },
		{ "rot_goi", "network_loss" },
		{ "loss", "network_loss" },
		{ "clock", "time_skew" },
		{ "skew", "time_skew" },
		{ "dong_ho", "time_skew" },
		{ "lech_gio", "time_skew" },
		{ "cpu", "cpu_saturation" },
		{ "memory", "memory" },
		{ "bo_nho", "memory" },
		{ "ram", "memory" },
		{ "disk_full", "disk_fill" },
		{ "disk_fill", "disk_fill" },
		{ "fill_disk", "disk_fill" },
		{ "full_disk", "disk_fill" },
		{ "day_dia", "disk_fill" },
		{ "day_o", "disk_fill" },
		{ "retry", "http_error" },
		{ "http_500", "http_error" },
		{ "http_error", "http_error" },
		{ "http_errors", "http_error" },
		{ "loi_http", "http_error" },
		{ "kill", "availability" },
		{ "crash", "availability" },
		{ "chet", "availability" },
		{ "giet", "availability" },
		{ "tat", "availability" },
		{ "latency", "latency" },
		{ "delay", "latency" },
		{ "do_tre", "latency" },
		{ "tre", "latency" },
		{ "cham", "latency" },
		{ "slow", "latency" },
	};
	char folded[200];
	size_t i;

	names_fold(phrase, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		const char *at = strstr(folded, words[i][0]), *end = at ? at + strlen(words[i][0]) : NULL;

		if (at && (at == folded || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)*end))
			return words[i][1];
	}
	return NULL;
}

const char *names_kind_near(const char *word)
{
	const char *own[ARRAY_SIZE(kinds) + 1] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		own[i] = kinds[i][0];
	return text_nearest(word, own);
}

const char *names_param(const char *kind, const char *key, enum key_unit *ret_unit)
{
	char folded[80];
	size_t i, pass;

	names_fold(key, folded, sizeof(folded));
	*ret_unit = UNIT_NONE;
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < ARRAY_SIZE(params); i++)
			if (!strcmp(params[i].kind, kind) && has_word(params[i].names, folded))
				return params[i].native;
		*ret_unit = names_cut_unit(folded);
	}
	return NULL;
}

int names_bool(const char *word)
{
	static const char *const yes[] = { "true", "yes",  "y",        "on",   "1",      "auto",   "automatic", "có",
					   "co",   "đúng", "expected", "must", "always", "likely", "should",    NULL };
	static const char *const no[] = { "false", "no",  "n",     "off",      "0",    "manual", "không",
					  "khong", "sai", "never", "unlikely", "miss", NULL };
	size_t i;

	for (i = 0; yes[i]; i++)
		if (!strcasecmp(yes[i], word))
			return 1;
	for (i = 0; no[i]; i++)
		if (!strcasecmp(no[i], word))
			return 0;
	return -1;
}
