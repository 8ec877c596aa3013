/* Log sources: the words of a rule's `logsource`, and what they stand for. Data: signatures/logsources.yml. */
#include "limits.h"
#include "rule_load.h"

int inspection_mode(const Inspection *inspection, Str word)
{
    for (size_t i = 0; i < inspection->mode_count; i++) {
        if (str_eq_nocase(inspection->modes[i], word)) {
            return (int)i;
        }
    }
    return -1;
}

/* --- logsources.yml --------------------------------------------------------------------------------------------- */

static bool service_find(Str name, Service *kind)
{
    for (Service s = SERVICE_OTHER; s < SERVICE_COUNT; s++) {
        if (str_eq(name, str_of(service_name(s)))) {
            *kind = s;
            return true;
        }
    }
    return false;
}

static void ids_load(Loader *l, const Node *n, LogSource *s)
{
    size_t count = n->kind == NODE_LIST ? n->count : 0;
    uint32_t *ids = ARENA_NEW(l->run, uint32_t, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t id;
        if (!str_u64(n->items[i]->text, 10, &id) || id > UINT32_MAX) {
            COMPLAIN(l, n->items[i], STR("an event id is a number"));
            return;
        }
        ids[s->event_id_count++] = (uint32_t)id;
    }
    s->event_ids = ids;
    if (!count) {
        COMPLAIN(l, n, STR("'event_ids' must be a list of numbers"));
    }
}

static void renamed_load(Loader *l, const Node *n, LogSource *s)
{
    struct Renamed *list = ARENA_NEW(l->run, struct Renamed, n->count);
    if (n->kind != NODE_MAP) {
        COMPLAIN(l, n, STR("'fields' must be a map of Sigma's names to this source's"));
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        list[i] = (struct Renamed){map_key(n, i)->text, node_text(l, map_value(n, i), "fields")};
    }
    s->renamed = list;
    s->renamed_count = n->count;
}

/* --- how it is collected ---------------------------------------------------------------------------------------- */

static void inspection_load(Loader *l, Inspection *to, const Node *n)
{
    const Str keys[] = {STR("title"), STR("made"), STR("modes")};
    if (!n || !map_check(l, n, "disk_inspection", keys, sizeof keys / sizeof *keys)) {
        COMPLAIN(l, n, STR("'disk_inspection' must say what one is: title, made, modes"));
        return;
    }
    to->title = map_text(l, n, "title", true);
    to->made = map_texts(l, n, "made", &to->made_count);
    to->modes = map_texts(l, n, "modes", &to->mode_count);
    if (to->mode_count > LIMIT_MODES) {
        COMPLAIN(l, map_get(n, "modes"), STR("more modes than are told apart (20)"));
        to->mode_count = 0;
    }
}

static uint32_t mode_bit(Loader *l, const Inspection *inspection, const Node *n)
{
    Str word = node_text(l, n, "modes");
    int bit = inspection_mode(inspection, word);
    if (bit < 0 && word.len) {
        complain_unknown(l, n, "mode", word, inspection->modes, inspection->mode_count);
    }
    return bit < 0 ? 0 : (uint32_t)1 << bit;
}

static uint32_t mode_bits(Loader *l, const Inspection *inspection, const Node *n)
{
    uint32_t bits = 0;
    for (size_t i = 0; n && n->kind == NODE_LIST && i < n->count; i++) {
        bits |= mode_bit(l, inspection, n->items[i]);
    }
    return n && n->kind != NODE_LIST ? mode_bit(l, inspection, n) : bits;
}

/* `{modes: [a, b], WORD: what is to be said of them}` */
static uint32_t some_modes(Loader *l, const Inspection *inspection, const Node *n, const char *key, const char *word,
                           Str *said)
{
    const Str keys[] = {STR("modes"), str_of(word)};
    const Node *of = map_get(n, key);
    if (!of || !map_check(l, of, key, keys, 2)) {
        return 0;
    }
    *said = map_text(l, of, word, true);
    if (!map_get(of, "modes")) {
        COMPLAIN(l, of, STR("'modes' is missing"));
    }
    return mode_bits(l, inspection, map_get(of, "modes"));
}

/* A channel's own file, and its export. */
static void event_log_paths(Loader *l, LogSource *s)
{
    VEC(Str) file = {0}, copy = {0};
    *VEC_ADD(l->run, &file) = STR("C:\\Windows\\System32\\winevt\\Logs\\");
    for (Str rest = s->channel, part; str_split(&rest, '/', &part);) {
        *VEC_ADD(l->run, &file) = part;
        *VEC_ADD(l->run, &file) = rest.len ? STR("%4") : STR(".evtx");
    }
    for (size_t i = 0; i < s->channel.len; i++) {
        bool blank = s->channel.at[i] == ' ' || s->channel.at[i] == '/';
        *VEC_ADD(l->run, &copy) = blank ? STR("-") : str_slice(s->channel, i, i + 1);
    }
    bool quoted = str_find_byte(s->channel, ' ', 0) != STR_NOT_FOUND;
    Str quote = quoted ? STR("\"") : (Str){0};
    Str words[] = {
        STR("wevtutil epl "), quote, s->channel, quote, STR(" C:\\"), arena_join(l->run, copy.at, copy.count),
        STR(".evtx")};
    Str *both = ARENA_NEW(l->run, Str, 2);
    both[0] = arena_join(l->run, file.at, file.count);
    both[1] = arena_join(l->run, words, sizeof words / sizeof *words);
    s->vm_path = &both[0];
    s->command = &both[1];
    s->vm_path_count = s->command_count = 1;
}

static void collecting_load(Loader *l, const Inspection *inspection, const Node *n, LogSource *s)
{
    const Node *in_use = map_get(n, "in_use");
    s->title = map_text(l, n, "title", true);
    s->modes = mode_bits(l, inspection, map_get(n, "modes"));
    s->lesser = some_modes(l, inspection, n, "lesser", "lacks", &s->lacks);
    s->partly = some_modes(l, inspection, n, "partly", "holds", &s->holds);
    s->dropped = some_modes(l, inspection, n, "dropped", "since", &s->since);
    s->vm_path = map_texts(l, n, "vm_path", &s->vm_path_count);
    s->command = map_texts(l, n, "command", &s->command_count);
    s->older = map_text(l, n, "older", false);
    s->in_use = in_use && node_flag(l, in_use, "in_use");
    if ((s->modes & s->lesser) | ((s->modes | s->lesser) & (s->partly | s->dropped)) | (s->partly & s->dropped)) {
        COMPLAIN(l, n, STR("a mode stands in two of 'modes', 'lesser', 'partly' and 'dropped'"));
    }
    if (s->channel.len && !s->vm_path_count && !s->command_count) {
        event_log_paths(l, s);
    }
    if (!s->modes && !s->vm_path_count && !s->command_count) {
        COMPLAIN(l, n, STR("nobody can collect it: 'modes', 'vm_path' or 'command' is missing"));
    }
}

#define COLLECTING_KEYS                                                                                                \
    STR("title"), STR("modes"), STR("lesser"), STR("partly"), STR("dropped"), STR("vm_path"), STR("in_use"),           \
        STR("command"), STR("older")

static void file_load(Loader *l, const Inspection *inspection, const Node *n, LogSource *s)
{
    const Str keys[] = {COLLECTING_KEYS};
    if (map_check(l, n, "files", keys, sizeof keys / sizeof *keys)) {
        collecting_load(l, inspection, n, s);
    }
}

/* --- the lists -------------------------------------------------------------------------------------------------- */

static void source_load(Loader *l, const Inspection *inspection, const Node *n, LogSource *s)
{
    const Str keys[] = {STR("product"),   STR("service"),  STR("category"), STR("kind"),   STR("channel"),
                        STR("event_ids"), STR("identity"), STR("known"),    STR("fields"), COLLECTING_KEYS};
    if (!map_check(l, n, "sources", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    const Node *ids = map_get(n, "event_ids"), *fields = map_get(n, "fields"), *kind = map_get(n, "kind");
    s->product = map_text(l, n, "product", false);
    s->service = map_text(l, n, "service", false);
    s->category = map_text(l, n, "category", false);
    s->channel = map_text(l, n, "channel", false);
    s->identity = map_texts(l, n, "identity", &s->identity_count);
    s->known = map_texts(l, n, "known", &s->known_count);
    if (!service_find(map_text(l, n, "kind", true), &s->kind) && kind) {
        COMPLAIN(l, kind, STR("unknown kind of source; the design names them (eventlog, waappagent, episode …)"));
    }
    if (ids) {
        ids_load(l, ids, s);
    }
    if (fields) {
        renamed_load(l, fields, s);
    }
    collecting_load(l, inspection, n, s);
}

static bool same_words(const LogSource *a, const LogSource *b)
{
    return str_eq(a->product, b->product) && str_eq(a->service, b->service) && str_eq(a->category, b->category);
}

static const Node *list_of(Loader *l, const Node *doc, const char *key, const char *what)
{
    const Node *list = map_get(doc, key);
    if (!list || list->kind != NODE_LIST) {
        COMPLAIN(l, list ? list : doc, STR("'"), str_of(key), STR("' must be a list of "), str_of(what));
        return NULL;
    }
    return list;
}

static void files_load(Loader *l, RuleSet *set, const Node *list)
{
    LogSource *files = ARENA_NEW(l->run, LogSource, list->count);
    for (size_t i = 0; i < list->count; i++) {
        file_load(l, &set->inspection, list->items[i], &files[i]);
    }
    set->files = files;
    set->file_count = list->count;
}

static void sources_load(Loader *l, RuleSet *set, const Node *list)
{
    LogSource *sources = ARENA_NEW(l->run, LogSource, list->count);
    for (size_t i = 0; i < list->count; i++) {
        source_load(l, &set->inspection, list->items[i], &sources[i]);
        for (size_t k = i; k-- > 0;) {
            if (same_words(&sources[k], &sources[i])) {
                sources[k].next = &sources[i];
                break;
            }
        }
    }
    set->sources = sources;
    set->source_count = list->count;
}

void logsources_load(Loader *l, RuleSet *set, const Node *doc)
{
    const Str keys[] = {STR("disk_inspection"), STR("files"), STR("sources")};
    if (!map_check(l, doc, "logsources.yml", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    inspection_load(l, &set->inspection, map_get(doc, "disk_inspection"));
    const Node *files = list_of(l, doc, "files", "files"), *sources = list_of(l, doc, "sources", "log sources");
    if (files) {
        files_load(l, set, files);
    }
    if (sources) {
        sources_load(l, set, sources);
    }
}

/* --- of a rule -------------------------------------------------------------------------------------------------- */

static const LogSource *first(const RuleSet *set, Str product, Str service, Str category)
{
    for (size_t i = 0; i < set->source_count; i++) {
        const LogSource *s = &set->sources[i];
        if ((!product.len || str_eq_nocase(s->product, product)) && str_eq_nocase(s->service, service) &&
            str_eq_nocase(s->category, category)) {
            return s;
        }
    }
    return NULL;
}

/* A category within a service: those of its sources that are of the service's channel. */
static const LogSource *within(Loader *l, const LogSource *category, const LogSource *service)
{
    const LogSource *chain = NULL;
    for (; category; category = category->next) {
        for (const LogSource *s = service; s; s = s->next) {
            if (s->kind == category->kind && str_eq_nocase(s->channel, category->channel)) {
                LogSource *copy = ARENA_NEW(l->run, LogSource, 1);
                *copy = *category;
                copy->next = chain;
                chain = copy;
                break;
            }
        }
    }
    return chain;
}

static void complain_word(Loader *l, const RuleSet *set, const Node *at, const char *what, Str word, size_t member)
{
    VEC(Str) known = {0};
    for (size_t i = 0; i < set->source_count; i++) {
        const LogSource *s = &set->sources[i];
        Str name = member == 0 ? s->product : member == 1 ? s->service : s->category;
        bool seen = !name.len;
        for (size_t k = 0; k < known.count && !seen; k++) {
            seen = str_eq(known.at[k], name);
        }
        if (!seen) {
            *VEC_ADD(l->run, &known) = name;
        }
    }
    if (nearest_word(word, known.at, known.count).len || known.count <= 40) {
        complain_unknown(l, at, what, word, known.at, known.count);
    } else {
        COMPLAIN(l, at, STR("unknown "), str_of(what), STR(" '"), word,
                 STR("'; signatures/logsources.yml names all there are"));
    }
}

static bool word_known(const RuleSet *set, Str word, size_t member)
{
    for (size_t i = 0; i < set->source_count; i++) {
        const LogSource *s = &set->sources[i];
        if (str_eq_nocase(member == 0 ? s->product : member == 1 ? s->service : s->category, word)) {
            return true;
        }
    }
    return false;
}

/* Sigma's taxonomy takes these from a trace of the kernel (Microsoft-Windows-Kernel-File), which no log on disk holds.
 */
static bool complain_trace(Loader *l, const Node *at, Str word)
{
    bool trace = str_eq_nocase(word, STR("file_access")) || str_eq_nocase(word, STR("file_rename"));
    if (trace) {
        COMPLAIN(l, at, STR("category '"), word,
                 STR("' is not supported: it is traced, and in no event log; file_event is the nearest"));
    }
    return trace;
}

const LogSource *logsource_find(Loader *l, const RuleSet *set, const Node *n)
{
    const Str keys[] = {STR("product"), STR("service"), STR("category"), STR("definition")};
    if (!map_check(l, n, "logsource", keys, sizeof keys / sizeof *keys)) {
        return NULL;
    }
    Str words[3];
    size_t before = l->error_count;
    for (size_t i = 0; i < 3; i++) {
        const char *key = i == 0 ? "product" : i == 1 ? "service" : "category";
        words[i] = map_text(l, n, key, false);
        if (words[i].len && !word_known(set, words[i], i) && !complain_trace(l, map_get(n, key), words[i])) {
            complain_word(l, set, map_get(n, key), key, words[i], i);
        }
    }
    if (l->error_count != before) {
        return NULL;
    }
    const LogSource *s = first(set, words[0], words[1], words[2]);
    if (!s && words[1].len && words[2].len) {
        s = within(l, first(set, words[0], (Str){0}, words[2]), first(set, words[0], words[1], (Str){0}));
    }
    if (!s || !(words[0].len + words[1].len + words[2].len)) {
        COMPLAIN(l, n,
                 STR("no log source is named by these words together; signatures/logsources.yml names all there are"));
        return NULL;
    }
    return s;
}
