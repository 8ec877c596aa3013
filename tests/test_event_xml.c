#include "unit.h"

#include <string.h>

#include "capture.h"
#include "limits.h"

#define EVENT(system, data)                                                                                            \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>" system                             \
    "<EventRecordID>7</EventRecordID><Channel>Application</Channel><Computer>vm-lab</Computer></System>" data          \
    "</Event>"
#define VSS  "<Provider Name='VSS'/><EventID Qualifiers='0'>8193</EventID><Level>2</Level>" TIME
#define TIME "<TimeCreated SystemTime='2023-05-11T21:38:47.9531601Z'/>"
#define ONE  EVENT(VSS, "<EventData><Data>first</Data><Data Name='n'>second</Data></EventData>")

static const Parser *reader(void)
{
    return parser_named(STR("event_xml"));
}

static Capture *parse(Str bytes)
{
    static Capture c;
    capture_run(&c, reader(), STR("log.xml"), bytes, true);
    return &c;
}

static void assert_damage(const Capture *r, Status status, const char *what)
{
    assert_int_equal(r->status, status);
    assert_int_equal(r->analysis.row->diagnostics.count, 1);
    assert_str(r->analysis.row->diagnostics.at[0].what, str_of(what));
}

TEST(event_has_every_part)
{
    Capture *r = parse(
        STR(EVENT("<Provider Name='Microsoft-Windows-Complus' EventSourceName='COM+'/><EventID>4689</EventID>"
                  "<Level>2</Level>" TIME,
                  "<EventData><Data Name='param1'>a &lt;b&gt;</Data><Data></Data><Binary>0A0B</Binary></EventData>"
                  "<RenderingInfo Culture='en-US'><Message>text</Message><Level>Fehler</Level></RenderingInfo>")));
    const Event *ev = &r->events.at[0];
    assert_int_equal(r->status, ST_OK);
    assert_int_equal(r->events.count, 1);
    assert_str(ev->provider, STR("Microsoft-Windows-Complus"));
    assert_str(ev->provider_alias, STR("COM+"));
    assert_int_equal(ev->id, 4689);
    assert_int_equal(ev->level, LEVEL_ERROR);
    assert_int_equal(ev->record, 7);
    assert_int_equal(ev->time_digits, 7);
    assert_true(ev->time_ns == INT64_C(1683841127953160100));
    assert_str(ev->time_text, STR("2023-05-11T21:38:47.9531601Z"));
    assert_str(ev->message, STR("text"));
    assert_int_equal(ev->field_count, 3);
    assert_str(ev->fields[0].name, STR("param1"));
    assert_str(ev->fields[0].value, STR("a <b>"));
    assert_str(ev->fields[1].name, STR(""));
    assert_str(ev->fields[2].name, STR("Binary"));
    capture_close(r);
}

/* A comment behind the data leaves the event to libxml2. */
TEST(simple_events_say_what_libxml2_says)
{
    static const char *const data[] = {
        "<Data>a</Data>",
        "<Data Name='n'>a b</Data><Data Name=\"m\">c</Data>",
        "<Data></Data><Data/><Data />",
        "<Data Name='n'/><Data Name='n' />",
        " <Data Name=''>a</Data>\r\n<Data>  b  </Data>\n",
        "<Data Name='a \"b\" &gt;'>x</Data>",
        "<Data Name='a' Other='b'>x</Data>",
        "<Data Other='b'>x</Data>",
        "<Data Name = 'a'>x</Data>",
        "<Data Name='a'>]]&gt; &amp; \xC3\xA4</Data>",
        "<Data Name='a'>x > y</Data>",
        "<Data Name='a'>x<![CDATA[y]]></Data>",
        "<Data Name='a'>x\ny\tz</Data>",
        "<Data Name='a'><!-- b -->x</Data>",
        "<Data>a</Data><Binary>0A0B</Binary>",
        "<Datum>a</Datum>",
        "text",
        "",
    };
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        char simple[1024], other[1024];
        Capture a, b;
        snprintf(simple, sizeof simple, EVENT(VSS, "<EventData>%s</EventData>"), data[i]);
        snprintf(other, sizeof other, EVENT(VSS, "<EventData>%s</EventData><!-- -->"), data[i]);
        capture_run(&a, reader(), STR("log.xml"), str_of(simple), true);
        capture_run(&b, reader(), STR("log.xml"), str_of(other), true);
        assert_int_equal(a.events.count, 1);
        assert_int_equal(b.events.count, 1);
        assert_int_equal(a.events.at[0].field_count, b.events.at[0].field_count);
        for (size_t n = 0; n < a.events.at[0].field_count; n++) {
            assert_str(a.events.at[0].fields[n].name, b.events.at[0].fields[n].name);
            assert_str(a.events.at[0].fields[n].value, b.events.at[0].fields[n].value);
        }
        capture_close(&a);
        capture_close(&b);
    }
}

TEST(event_attributes_of_data_are_fields)
{
    Capture *r =
        parse(STR(EVENT(VSS, "<UserData Kind='k'><Failure xmlns='urn:x' xmlns:a='urn:a'><Error Code='15007'></Error>"
                             "<Item a:Id='4'>text</Item><Plain></Plain></Failure></UserData>")));
    static const char *const fields[][2] = {
        {"Kind", "k"}, {"Code", "15007"}, {"Id", "4"}, {"Item", "text"}, {"Plain", ""}};
    assert_int_equal(r->events.count, 1);
    assert_int_equal(r->events.at[0].field_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_str(r->events.at[0].fields[i].name, str_of(fields[i][0]));
        assert_str(r->events.at[0].fields[i].value, str_of(fields[i][1]));
    }
    capture_close(r);
}

TEST(names_below_other_elements_are_not_those_of_system)
{
    Capture *r =
        parse(STR(EVENT(VSS, "<UserData><E><EventID>1</EventID><Level>5</Level><Channel>x</Channel></E></UserData>")));
    assert_int_equal(r->events.at[0].id, 8193);
    assert_str(r->events.at[0].channel, STR("Application"));
    assert_str(r->events.at[0].fields[0].name, STR("EventID"));
    capture_close(r);
}

TEST(event_without_record_number_has_its_line)
{
    Capture *r = parse(STR("\n\n<Event><System><Provider Name='VSS'/><EventID>1</EventID>" TIME "</System></Event>\n"));
    assert_true(r->events.at[0].is_line);
    assert_int_equal(r->events.at[0].record, 3);
    capture_close(r);
}

TEST(event_marks_by_either_provider_name)
{
    Capture *r = parse(STR(EVENT(
        "<Provider Name='Microsoft-Windows-Eventlog' EventSourceName='eventlog'/><EventID>6008</EventID>" TIME, "")));
    assert_int_equal(r->events.at[0].mark, MARK_UNCLEAN);
    capture_close(r);
}

TEST(end_inside_comment_and_cdata_is_no_end)
{
    Capture *r =
        parse(STR(EVENT(VSS, "<!-- </Event> --><EventData><Data><![CDATA[</Event>]]></Data></EventData>") ONE));
    assert_int_equal(r->status, ST_OK);
    assert_int_equal(r->events.count, 2);
    assert_str(r->events.at[0].fields[0].value, STR("</Event>"));
    capture_close(r);
}

TEST(characters_that_xml_forbids_are_replaced)
{
    Capture *r = parse(STR(EVENT(VSS, "<EventData><Data>\x01&#x0;&#65;\xFC&</Data></EventData>")));
    assert_int_equal(r->status, ST_OK);
    assert_str(r->events.at[0].fields[0].value, STR("\xEF\xBF\xBD\xEF\xBF\xBD"
                                                    "A\xC3\xBC&"));
    capture_close(r);
}

TEST(cut_inside_an_event_keeps_those_before)
{
    Str two = STR(ONE ONE);
    Capture *r = parse(str_slice(two, 0, two.len - 1));
    assert_int_equal(r->events.count, 1);
    assert_damage(r, ST_PARTIAL, "the file is cut off inside an event");
    capture_close(r);
}

TEST(cut_between_events_shows_by_the_root)
{
    Capture *r = parse(STR("<Events>" ONE));
    assert_int_equal(r->events.count, 1);
    assert_damage(r, ST_PARTIAL, "the file is cut off: its root element does not end");
    capture_close(r);
}

TEST(damaged_event_does_not_take_the_next_one_along)
{
    Str one = STR(ONE);
    Arena a = {0};
    const Str parts[] = {str_slice(one, 0, 300), one};
    Capture *r = parse(arena_join(&a, parts, 2));
    assert_int_equal(r->events.count, 1);
    assert_damage(r, ST_FAILED, "an event is cut off: the next one begins inside it");
    capture_close(r);
    arena_free(&a);
}

TEST(entities_are_not_expanded)
{
    Capture *r = parse(STR("<!DOCTYPE Events [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><Events>" EVENT(
        VSS, "<EventData><Data>&x;</Data></EventData>") "</Events>"));
    assert_str(r->events.at[0].fields[0].value, STR("&x;"));
    assert_damage(r, ST_FAILED, "a document type declaration, which no event log writes");
    capture_close(r);
}

/* `before`, then `unit` up to `len` bytes, then `after`. */
static Str long_text(Arena *a, Str before, Str unit, size_t len, Str after)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, len);
    for (size_t i = 0; i < len; i++) {
        to[i] = unit.at[i % unit.len];
    }
    const Str parts[] = {before, {to, len}, after};
    return arena_join(a, parts, 3);
}

TEST(event_beyond_the_limit_is_told_and_left_out)
{
    Arena a = {0};
    Str text = long_text(&a, STR("<Event><System><Provider Name='"), STR("x"), LIMIT_XML_EVENT,
                         STR("'/></System></Event>" ONE));
    Capture *r = parse(text);
    assert_int_equal(r->events.count, 1);
    assert_damage(r, ST_PARTIAL, "an event is longer than the limit");
    assert_int_equal(r->analysis.row->limits.count, 1);
    capture_close(r);
    arena_free(&a);
}

/* Each of these would take minutes if any of them were looked at more than once. */
TEST(endless_markup_is_read_once)
{
    static const char *const units[] = {"<Event ",
                                        "<Event>",
                                        "<!--",
                                        "<![CDATA[",
                                        "<?",
                                        "<Event><![CDATA[",
                                        "</Event",
                                        "<Event><System>",
                                        "<Event><System><!--",
                                        "<Event a='",
                                        "<",
                                        "<Event><System a=\"<"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        Arena a = {0};
        Capture *r = parse(long_text(&a, (Str){0}, str_of(units[i]), 9 * MIB, (Str){0}));
        assert_int_equal(r->events.count, 0);
        capture_close(r);
        arena_free(&a);
    }
}

TEST(nothing_depends_on_the_buffer)
{
    Arena a = {0};
    for (size_t pad = 65536 - 2000; pad < 65536 + 2000; pad += 37) {
        Capture *r = parse(long_text(&a, STR(ONE), STR(" "), pad, STR(ONE "\n" ONE)));
        assert_int_equal(r->status, ST_OK);
        assert_int_equal(r->events.count, 3);
        capture_close(r);
        arena_reset(&a);
    }
    arena_free(&a);
}

static Bid bid(Str head)
{
    return reader()->bid(STR("x"), head);
}

TEST(bid_knows_an_event_by_its_shape)
{
    assert_int_equal(bid(STR("\xEF\xBB\xBF<?xml version='1.0'?><Events>" ONE)), BID_SHAPE);
    assert_int_equal(bid(STR("- <Event>\r\n- <System>\r\n")), BID_SHAPE);
    assert_int_equal(bid(STR("<\0E\0v\0e\0n\0t\0>\0<\0S\0y\0s\0t\0e\0m\0>\0")), BID_SHAPE);
    assert_int_equal(bid(STR("<Events><Meeting/></Events>")), BID_NO);
    assert_int_equal(bid(STR("<Events/>")), BID_SHAPE);
    assert_int_equal(bid(STR("\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- none -->\n<Events>\n</Events>\n")), BID_SHAPE);
    assert_int_equal(bid(STR("<Events></Events><p/>")), BID_NO);
    assert_int_equal(bid(STR("text <Events></Events>")), BID_NO);
    assert_int_equal(bid(STR("<!-- <Events></Events>")), BID_NO);
    assert_int_equal(bid(STR("<EventList><Event><Title>x</Title></Event></EventList>")), BID_NO);
    assert_int_equal(bid(STR("<Objs Version='1.1.0.1'><Obj RefId='0'/></Objs>")), BID_NO);
    assert_int_equal(bid(STR("[00000007] 05/31/2023 got " ONE)), BID_NO);
    assert_int_equal(bid((Str){0}), BID_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_has_every_part),
        cmocka_unit_test(simple_events_say_what_libxml2_says),
        cmocka_unit_test(event_attributes_of_data_are_fields),
        cmocka_unit_test(names_below_other_elements_are_not_those_of_system),
        cmocka_unit_test(event_without_record_number_has_its_line),
        cmocka_unit_test(event_marks_by_either_provider_name),
        cmocka_unit_test(end_inside_comment_and_cdata_is_no_end),
        cmocka_unit_test(characters_that_xml_forbids_are_replaced),
        cmocka_unit_test(cut_inside_an_event_keeps_those_before),
        cmocka_unit_test(cut_between_events_shows_by_the_root),
        cmocka_unit_test(damaged_event_does_not_take_the_next_one_along),
        cmocka_unit_test(entities_are_not_expanded),
        cmocka_unit_test(event_beyond_the_limit_is_told_and_left_out),
        cmocka_unit_test(endless_markup_is_read_once),
        cmocka_unit_test(nothing_depends_on_the_buffer),
        cmocka_unit_test(bid_knows_an_event_by_its_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
