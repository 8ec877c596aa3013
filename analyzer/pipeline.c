#include "pipeline.h"

#include "derive.h"
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

static VerdictKind best_verdict(const Conclusion *conclusion)
{
    return conclusion->verdicts.count ? conclusion->verdicts.at[0].kind : RULED_OUT;
}

PipelineResult pipeline_run(const Options *opt, const char *path, const RuleSet *rules, Sink *out)
{
    Arena run = {0};
    Analysis analysis;
    Bundle bundle;

    analysis_open(&analysis, rules, &run);
    bundle_read(&bundle, path, &analysis, opt->threads);
    complain(&bundle);
    zone_infer(&analysis);
    bundle_conclude(&bundle, &analysis);
    EpisodeList episodes = episode_find(&analysis, &opt->choice, &run);
    derive_events(&analysis, &episodes, &run);
    Conclusion conclusion = verdict_decide(&analysis, &episodes, &bundle, opt->assertions, opt->assertion_count,
                                           opt->choice.task_id.len || opt->choice.at_ns != TIME_NONE, &run);

    opt->format->write(&(Report){&bundle, &analysis, &episodes, &conclusion}, &opt->style, out);
    PipelineResult result = {bundle.status, best_verdict(&conclusion)};
    analysis_close(&analysis);
    arena_free(&run);
    return result;
}
