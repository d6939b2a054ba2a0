// SPDX-License-Identifier: GPL-2.0-only
/* words_vi.c - the reports in Vietnamese; technical terms stay as its engineers use them. */
#include "report/words_all.h"

static const struct mode_words modes[] = {
	{ "7.1", "Detector bỏ lỡ anomaly chìm dưới noise floor",
	  "detector: ngưỡng bám theo độ lệch của mean, nên baseline nhiễu che mất thay đổi thật",
	  "phát hiện trên percentile (p99) thay vì mean, và tách baseline giờ cao điểm với giờ thấp "
	  "điểm (§7.1)",
	  "chạy lại {id} với fault mạnh gấp đôi: nếu pipeline báo thì ngưỡng là gap; nếu vẫn im lặng thì "
	  "metric không hề tới detector" },
	{ "7.2", "Correlator gộp các fault độc lập thành một incident",
	  "correlator: gom cụm theo thời gian, bỏ qua quan hệ gọi giữa các service",
	  "correlate theo dependency graph: hai service không tới được nhau thì không bao giờ chung một "
	  "cluster (§7.2)",
	  "chạy từng fault của {id} riêng lẻ: khi đó cluster phải đúng" },
	{ "7.3", "RCA chọn service ồn nhất thay vì gốc",
	  "RCA: xếp hạng theo số alert, nên retry storm lấn át nguyên nhân",
	  "xếp hạng theo topology (các service đang báo động gọi tới đâu) và theo thời gian (ai lệch "
	  "trước), dùng lag analysis để sắp thứ tự (§7.3)",
	  "chạy {id} với retry giới hạn một lần: nếu RCA đúng thì chính số alert quyết định thứ hạng" },
	{ "7.4", "RCA tự tin cao nhưng không có bằng chứng",
	  "RCA: confidence không phụ thuộc vào bằng chứng nào",
	  "tính confidence từ bằng chứng (metric anomaly, log signature, khoảng cách trên graph) và từ "
	  "chối câu trả lời không có citation (§7.4)",
	  "hỏi /rca một cluster của {id} đã bỏ hết alert: confidence phải giảm" },
	{ "7.5", "Pipeline mù cùng lúc với hệ thống mà nó giám sát",
	  "nền tảng: pipeline hoặc đầu vào của nó phụ thuộc vào chính các service đang bị thử",
	  "cho pipeline một đường observability riêng, không dùng chung gì với service được giám sát "
	  "(§7.5)",
	  "chạy {id} với pipeline đặt ở host khác: nếu nó trả lời thì phụ thuộc chung được chứng minh" },
	{ "-", "Lỗi mà không quy tắc nào của §7 giải thích được",
	  "chưa biết: dữ liệu của lần chạy này không khớp failure mode nào trong năm mode",
	  "chưa tune; hãy chạy experiment ở mục 5 để phân biệt các khả năng của §7", "" },
	{ 0 },
};

const struct words words_vi = {
	.lang = "vi",
	.title = "Chaos Engineering Report",
	.setup = "1. Setup",
	.results = "2. Results table",
	.analysis = "3. Detailed per-experiment analysis",
	.gaps = "4. Gap analysis — top 3 pipeline weakness",
	.open_gaps = "5. Hypothesis cho gap chưa khẳng định",
	.not_recorded = "lần chạy này không ghi lại (tác giả điền)",
	.stack = "Stack version + commit hash",
	.pipeline = "Pipeline version + commit hash",
	.tool = "faultline",
	.config = "File experiment",
	.host = "Host",
	.baseline = "Baseline window",
	.total = "Total experiments run",
	.ran = "Thời gian chạy",
	.probe_log = "External probe: {n} lần gọi trong probe.log, {rate} pass",
	.events = "Sự kiện: {n} dòng trong events.jsonl",
	.torn = "bỏ {n} dòng bị đứt",
	.by_hand = "tại {url}",
	.matrix = "Các window: {tp} true positive, {fn} false negative, {fp} false positive, {tn} true "
		  "negative. F1 {f1}, RCA accuracy {rca}, MTTD trung bình {mttd}.",
	.more = "RCA trên các fault đã phát hiện: {right} đúng, {wrong} sai, {none} không có output.",
	.accepted = "Acceptance: **đạt** (phát hiện ít nhất 70 %, RCA đúng ít nhất 70 % số đã phát hiện, "
		    "tối đa một false alarm).",
	.rejected = "Acceptance: **không đạt** (yêu cầu phát hiện ít nhất 70 %, RCA đúng ít nhất 70 % số đã "
		    "phát hiện, tối đa một false alarm). Không tune gì để ép cho đạt.",
	.not_scored = "Không tính điểm: {list}.",
	.hypothesis = "**Hypothesis.** “{text}”",
	.no_hypothesis = "**Hypothesis.** Kết quả không ghi hypothesis nào.",
	.injected = "**Inject.** {fault} vào {target}, kéo dài {duration}, từ {time}.",
	.proof = "Kernel đếm được {injected} lần trúng trên {matched} lần khớp, lần đầu {first} sau khi bật.",
	.proof_none = "Kernel không đếm được lần trúng nào trên {matched} lần khớp: fault chưa hề có tác dụng.",
	.no_proof = "Không có số đếm lần trúng nào được ghi cho fault này.",
	.detected = "**Observed.** Pipeline phát hiện được: alert đầu tiên sau {mttd}, có {alerts} alert trong "
		    "fault window.",
	.missed = "**Observed.** Pipeline bỏ lỡ: không có alert nào trong {window} theo dõi.",
	.rca = "RCA chọn {service} (confidence {confidence}, {evidence} bằng chứng), kết quả này {verdict}; "
	       "gốc thật là {truth}.",
	.rca_none = "RCA không có output; gốc thật là {truth}.",
	.rca_silent = "Không phát hiện thì không có RCA để chấm; gốc thật là {truth}.",
	.match = "**Match expected?** Có: fault được nhận ra và gốc được gọi đúng tên.",
	.mismatch = "**Match expected?** Không: {symptom}. Nghi ngờ: {cause}.",
	.mismatch_unknown = "**Match expected?** Không, và dữ liệu không cho thấy lý do.",
	.excused = "**Match expected?** Không chấm, vì experiment kết thúc ở trạng thái {status}.",
	.status = "Trạng thái: {status}.",
	.probe = "**User impact.** External probe pass {before} trước, {during} trong và {after} sau fault; "
		 "latency trung vị từ {p50_before} thành {p50_during}.",
	.no_probe = "**User impact.** Không có số liệu probe nào được ghi cho experiment này.",
	.kernel = "Thay đổi lớn nhất kernel đo được là {metric} của {service}: {before} thành {during} {unit}, "
		  "bằng {spreads} lần độ lệch của baseline.",
	.no_kernel = "Không có phép đo phía kernel nào kèm baseline, nên không biết độ lớn của anomaly từ bên "
		     "trong.",
	.verdicts = "Trong các mệnh đề của hypothesis: {held} giữ được, {refuted} bị bác bỏ, {unknown} không đo "
		    "được.",
	.no_verdicts = "Không mệnh đề nào của hypothesis có kết luận được ghi.",
	.recovered = "Steady state trở lại {time} sau khi fault kết thúc.",
	.not_recovered = "Không thấy steady state trở lại sau khi fault kết thúc.",
	.loudness = "Số alert theo service: {list}.",
	.windows = "Baseline window dài {baseline}, thời gian theo dõi sau inject là {window}.",
	.false_alarms = "Baseline window của nó có {n} false alarm.",
	.blind = "Không kết nối được pipeline trong lúc có fault.",
	.rule_basis = "Kết luận này so thời điểm alert với thời điểm inject trên cùng một đồng hồ, và so "
		      "service bị chọn với ground truth trong file experiment.",
	.reader_note = "Mọi con số lấy từ chaos_results.json của lần chạy này; cái gì không được ghi thì nêu "
		       "rõ là thiếu, không ước lượng.",
	.right = "đúng",
	.wrong = "sai",
	.no_gaps = "Không tìm thấy gap: mọi fault đều được phát hiện, mọi gốc đều đúng, baseline im lặng.",
	.fewer_gaps = "Dữ liệu của lần chạy này không cho thấy điểm yếu nào nữa.",
	.symptom = "Symptom",
	.cause = "Likely cause in pipeline",
	.fix = "Recommended fix",
	.affected = "{n} trên {total} experiment",
	.nothing_open = "Không có: không lỗi nào của lần chạy này còn chưa giải thích.",
	.open_missed = "**{id}** bị bỏ lỡ mà chưa rõ lý do. Giả thuyết: anomaly nằm dưới noise floor (§7.1). "
		       "Experiment: chạy lại mạnh gấp đôi và ghi baseline phía kernel; có alert là xác nhận.",
	.open_rca = "**{id}** được RCA gán gốc {blamed} thay vì {truth}. Giả thuyết: thứ tự hoặc số lượng alert "
		    "lấn át topology (§7.3). Experiment: lặp lại năm lần, so số alert theo service với câu trả "
		    "lời.",
	.open_false = "**{id}** có {n} alert trong baseline. Giả thuyết: ngưỡng quá thấp so với tải thường ngày. "
		      "Experiment: chạy một giờ không fault và đếm alert.",
	.open_left_out = "**{id}** kết thúc ở trạng thái {status} nên không nói gì về pipeline. Experiment: chạy lại "
			 "tới khi fault trúng và được theo dõi đến cuối.",
	.open_confirm = "**{id}** ({mode}): {text}.",
	.modes = modes,
	.submit_title = "W3-D2 Submission",
	.learned = "3 thứ tôi học được về AIOps pipeline của mình",
	.missed_head = "1 fault mà tôi mong pipeline catch nhưng nó miss",
	.trade_off_head = "1 trade-off trong design pipeline mà tôi muốn rethink",
	.summary_head = "Scoreboard summary",
	.author = "tên của bạn",
	.fact_detect = "Dữ kiện: phát hiện {tp} trên {total} fault (recall {recall}, precision {precision})"
		       "{missed}.",
	.fact_rca = "Dữ kiện: RCA đúng {right} trên {tp} fault đã phát hiện{wrong}.",
	.fact_time = "Dữ kiện: một nửa số lần phát hiện trong vòng {p50}, 95 % trong vòng {p95}{slowest}.",
	.ask_learned = "**[Tác giả: điều này cho bạn biết gì về pipeline của mình?]**",
	.experiment = "Experiment",
	.expected = "Why I expected detection",
	.why_missed = "Why pipeline missed (hypothesis)",
	.none_missed = "lần chạy này không bỏ lỡ experiment nào được tính điểm",
	.no_expectation = "ground truth không ghi symptom nào",
	.ask_expected = "**[Tác giả: vì sao bạn mong nó bị phát hiện?]**",
	.ask_why = "**[Tác giả: bạn có đồng ý không? còn khả năng nào khác?]**",
	.fact_trade_off = "Dữ kiện: precision {precision} so với recall {recall}, {fa} false alarm trong baseline "
			  "window, MTTD p50 {p50}.",
	.ask_trade_off = "**[Tác giả: bạn sẽ đổi quyết định thiết kế nào, và cái giá là gì?]**",
	.pass = "đạt",
	.fail = "không đạt",
	.html_detected = "Phát hiện",
	.html_rca = "RCA đúng",
	.html_mttd = "MTTD p50 / p95",
	.html_false = "False alarm",
	.html_precision = "Precision",
	.html_recall = "Recall",
	.fault = "fault",
	.probe_pass = "probe pass",
	.probe_fail = "probe fail",
	.alert = "alert",
	.first_hit = "lần trúng đầu",
	.back = "hồi phục",
	.seconds = "giây sau khi inject",
	.hit = "bị fault trúng",
	.blamed = "bị RCA chọn",
	.hit_blamed = "trúng và được chọn",
	.dependencies = "Quan hệ gọi",
	.experiments = "Experiment",
	.raw = "Số liệu của experiment này",
	.no_probe_lines = "không có dòng probe nào trong khoảng này",
	.latency = "latency của probe, ms",
};
