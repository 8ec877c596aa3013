#include "pipeline.h"

#include "case.h"
#include "derive.h"
#include "duplicate.h"
#include "machine.h"
#include "scanned.h"
#include "state.h"
#include "zone.h"

static void complain(const Bundle *bundle)
{
    if (bundle->status != ST_OK) {
        Sink err = sink_file(stderr);
        sink_put(&err, "vmsift: ");
        sink_term(&err, str_of(bundle->path));
        sink_put(&err, ": ");
        sink_term(&err, bundle->trouble);
        sink_put(&err, bundle->status == ST_PARTIAL ? " (what could be read is analysed)\n" : "\n");
        sink_close(&err);
    }
}

/* What a list of matches cannot show: that some are not in it. */
static void complain_limits(const Analysis *analysis)
{
    Sink err = sink_file(stderr);
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        for (size_t n = 0; n < row->limits.count; n++) {
            sink_put(&err, "vmsift: ");
            sink_term(&err, row->path);
            sink_put(&err, ": ");
            sink_term(&err, row->limits.at[n].what);
            sink_put(&err, "\n");
        }
    }
    sink_close(&err);
}

static VerdictKind best_verdict(const Conclusion *conclusion)
{
    return conclusion->verdicts.count ? conclusion->verdicts.at[0].kind : RULED_OUT;
}

static void complain_all(const Bundle *bundle)
{
    for (size_t i = 0; i < bundle->inputs.count; i++) {
        complain(&bundle->inputs.at[i]);
    }
    if (!bundle->inputs.count) {
        complain(bundle);
    }
}

/* The runs of one machine, and what explains them. */
static MachineStory story_of(const Options *opt, const Bundle *bundle, Analysis *part, Arena *run)
{
    Bundle of = *bundle;
    MachineStory story = {.episodes = episode_find(part, &opt->choice, run)};
    Asking asking = opt->asking;
    asking.one_failure = opt->choice.task_id.len || opt->choice.at_ns != TIME_NONE;
    bundle_conclude(&of, part);
    state_newest(part);
    derive_events(part, &story.episodes, run);
    state_fresh(part, story.episodes.failure ? story.episodes.failure->start_ns : TIME_NONE);
    story.conclusion = verdict_decide(part, &story.episodes, &of, &asking, run);
    return story;
}

/* Whoever gives several machines as one case has mixed up files. */
static void warn_apart(const Bundle *bundle, size_t machines)
{
    if (bundle->inputs.count && machines > 1) {
        Sink err = sink_file(stderr);
        sink_put(&err, "vmsift: --case: ");
        sink_term(&err, bundle->note);
        sink_put(&err, "\n");
        sink_close(&err);
    }
}

static MachineStory stories_of(const Options *opt, Bundle *bundle, Analysis *analysis, Arena *run)
{
    Machines machines = gathering_find(analysis, bundle, run);
    size_t count = machines.list.count;
    Analysis *parts = ARENA_NEW(run, Analysis, count);
    MachineStory *stories = ARENA_NEW(run, MachineStory, count);
    for (size_t i = 0; i < count; i++) {
        parts[i] = machine_part(analysis, i, run);
        zone_infer(&parts[i]);
        duplicate_drop(&parts[i], analysis);
    }
    gathering_conclude(analysis, &machines);
    case_conclude(bundle, analysis);
    bundle_conclude(bundle, analysis);
    for (size_t i = 0; i < count; i++) {
        stories[i] = story_of(opt, bundle, &parts[i], run);
    }
    MachineStory story = machine_join(&machines, stories, run);
    bundle->note = machine_note(&machines, bundle, run);
    warn_apart(bundle, count);
    if (count > 1) {
        bundle->machine = machines.list.at[machine_best(stories, count)].name;
    }
    return story;
}

static Status worst_status(const Bundle *bundle)
{
    Status worst = bundle->status;
    for (size_t i = 0; i < bundle->inputs.count; i++) {
        worst = status_worse(worst, bundle->inputs.at[i].status);
    }
    return worst;
}

static void read_input(Bundle *bundle, const Options *opt, const PipelineInput *in, Analysis *analysis)
{
    if (in->bytes.at) {
        bundle_read_memory(bundle, in->paths[0], in->bytes, in->left_out, analysis);
        return;
    }
    if (opt->is_case) {
        case_read(bundle, in->paths, in->count, opt->password, analysis, opt->threads);
    } else {
        bundle_read(bundle, in->paths[0], opt->password, analysis, opt->threads);
    }
    complain_all(bundle);
}

PipelineResult pipeline_read(const Options *opt, const PipelineInput *in, const RuleSet *rules, ReportUse *use,
                             void *with)
{
    Arena run = {0};
    Analysis analysis;
    Bundle bundle;

    analysis_open(&analysis, rules, &run);
    read_input(&bundle, opt, in, &analysis);
    scanned_files(&analysis);
    MachineStory story = stories_of(opt, &bundle, &analysis, &run);

    use(with, &(Report){&bundle, &analysis, &story.episodes, &story.conclusion, opt->asking.code});
    PipelineResult result = {worst_status(&bundle), best_verdict(&story.conclusion)};
    analysis_close(&analysis);
    arena_free(&run);
    return result;
}

typedef struct Written {
    const Options *opt;
    Sink *out;
} Written;

static void write_report(void *with, const Report *report)
{
    const Written *to = with;
    to->opt->format->write(report, &to->opt->style, to->out);
}

PipelineResult pipeline_run(const Options *opt, const char *const *paths, size_t count, const RuleSet *rules, Sink *out)
{
    return pipeline_read(opt, &(PipelineInput){.paths = paths, .count = count}, rules, write_report,
                         &(Written){opt, out});
}

/* Plain Sigma: every source says what it says, copies as well. What is in no story is a part like the others. */
static void match_parts(Analysis *analysis, const Bundle *bundle, Sink *out, Arena *run)
{
    Machines machines = gathering_find(analysis, bundle, run);
    size_t count = machines.list.count + 1;
    Analysis *parts = ARENA_NEW(run, Analysis, count);
    for (size_t i = 0; i < count; i++) {
        parts[i] = machine_part(analysis, i + 1 < count ? i : NO_MACHINE, run);
        zone_infer(&parts[i]);
    }
    gathering_conclude(analysis, &machines);
    for (size_t i = 0; i < count; i++) {
        Analysis *part = &parts[i];
        EpisodeList episodes = episode_find(part, &(FailureChoice){.at_ns = TIME_NONE}, run);
        derive_events(part, &episodes, run);
        HitList *lists = hit_lists(part->rules, part->matches.at, part->matches.count, run);
        correlate(part->rules, lists, NULL, run);
        report_matches(part->rules, lists, out);
    }
}

Status pipeline_match(const char *path, const RuleSet *rules, Password *password, unsigned threads, Sink *out)
{
    Arena run = {0};
    Analysis analysis;
    Bundle bundle;

    analysis_open(&analysis, rules, &run);
    bundle_read(&bundle, path, password, &analysis, threads);
    complain(&bundle);
    match_parts(&analysis, &bundle, out, &run);
    complain_limits(&analysis);

    analysis_close(&analysis);
    arena_free(&run);
    return bundle.status;
}
