#include "pipeline.h"

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

/* The runs of one machine, and what explains them. */
static MachineStory story_of(const Options *opt, const Bundle *bundle, Analysis *part, Arena *run)
{
    Bundle of = *bundle;
    MachineStory story = {.episodes = episode_find(part, &opt->choice, run)};
    bool asked = opt->choice.task_id.len || opt->choice.at_ns != TIME_NONE;
    bundle_conclude(&of, part);
    state_newest(part);
    derive_events(part, &story.episodes, run);
    state_fresh(part, story.episodes.failure ? story.episodes.failure->start_ns : TIME_NONE);
    story.conclusion = verdict_decide(part, &story.episodes, &of, opt->assertions, opt->assertion_count, asked, run);
    return story;
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
    bundle_conclude(bundle, analysis);
    for (size_t i = 0; i < count; i++) {
        stories[i] = story_of(opt, bundle, &parts[i], run);
    }
    MachineStory story = machine_join(&machines, stories, run);
    bundle->note = machine_note(&machines, bundle, run);
    if (count > 1) {
        bundle->machine = machines.list.at[machine_best(stories, count)].name;
    }
    return story;
}

PipelineResult pipeline_run(const Options *opt, const char *path, const RuleSet *rules, Sink *out)
{
    Arena run = {0};
    Analysis analysis;
    Bundle bundle;

    analysis_open(&analysis, rules, &run);
    bundle_read(&bundle, path, opt->password, &analysis, opt->threads);
    complain(&bundle);
    scanned_files(&analysis);
    MachineStory story = stories_of(opt, &bundle, &analysis, &run);

    opt->format->write(&(Report){&bundle, &analysis, &story.episodes, &story.conclusion}, &opt->style, out);
    PipelineResult result = {bundle.status, best_verdict(&story.conclusion)};
    analysis_close(&analysis);
    arena_free(&run);
    return result;
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
        report_matches(part->rules, correlate(part->rules, part->matches.at, part->matches.count, run), out);
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
