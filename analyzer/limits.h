/* Every bound on input, each with its reason. A limit that was reached is a row of limits[] in the report, and makes
 * conditions that depend on the lost part unknown. */
#ifndef LIMITS_H
#define LIMITS_H

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* Bytes a parser may look at before it bids: a chunked event log shows itself in 8, JSON and XML in a few hundred. */
#define LIMIT_HEAD (4 * KIB)
/* One line: goal states and health signals reach 200 KB; longer ones are cut and said so. */
#define LIMIT_LINE (1 * MIB)
/* One text record with its continuation lines: a .NET exception of a few hundred frames is 64 KB. */
#define LIMIT_RECORD (1 * MIB)
/* A whole document that must be in memory at once (JSON): a status is at most 128 KB by contract. */
#define LIMIT_DOCUMENT (16 * MIB)
/* One <Event> of exported XML; the largest record of a real log is 42 KB in binary form. */
#define LIMIT_XML_EVENT  (4 * MIB)
#define LIMIT_XML_DEPTH  64
#define LIMIT_JSON_DEPTH 64
/* A status has a few hundred; each takes a few hundred bytes once it is read. */
#define LIMIT_JSON_VALUES 100000
/* Values of ControlSet001, ControlSet002 … in an exported .reg file: a set has some fifty that are wanted. */
#define LIMIT_CONTROL_SETS 2000
/* Binary XML: fragments in values in fragments … is 2 in real logs; elements in elements stay below 20. */
#define LIMIT_BINXML_DEPTH    16
#define LIMIT_BINXML_ELEMENTS 256
/* Of one 64 KiB chunk: template bytes read (they overlap only on purpose), steps run (400 records of 100 in a full one)
 * and text written (real chunks stay below 1 MiB). */
#define LIMIT_BINXML_COMPILED (1 * MIB)
#define LIMIT_BINXML_WORK     (256 * KIB)
#define LIMIT_BINXML_TEXT     (16 * MIB)

/* Hives and their logs that are in memory at one time: SOFTWARE reaches 120 MiB, its logs 2 x 8 MiB. */
#define LIMIT_HIVES (136 * MIB)
/* Keys inside keys: Windows itself allows 512, and 255 characters in each name; real paths stay below 1,000. */
#define LIMIT_HIVE_DEPTH 512
#define LIMIT_HIVE_PATH  (8 * KIB)
#define LIMIT_HIVE_NAME  (1 * KIB)
/* Lists of lists of subkeys: real ones are two deep. */
#define LIMIT_HIVE_LISTS 4
/* Names read to find the keys of a damaged hive by their parents: a million keys, 16 deep. */
#define LIMIT_HIVE_PARENTS (16 * MIB)
/* The data of one value: above 1 MiB programs are asked to use files. */
#define LIMIT_HIVE_VALUE (16 * MIB)

/* Archives inside archives: support tools zip a zip; nobody goes deeper than that. */
#define LIMIT_ARCHIVE_DEPTH 3
/* Members of a bundle: a whole C:\WindowsAzure has some thousands. */
#define LIMIT_MEMBERS 65536
#define LIMIT_NAME    (4 * KIB)
/* An entry that unpacks beyond this ratio is read only up to LIMIT_BOMB: logs reach 60 : 1, a row of zeros 1000 : 1. */
#define LIMIT_RATIO 200
#define LIMIT_BOMB  (64 * MIB)
/* All that archives inside one member may give, beyond LIMIT_RATIO times its own size. */
#define LIMIT_NESTED (256 * MIB)
/* What cannot seek but must (7z in a zip or on standard input) is held in memory up to this. */
#define LIMIT_HELD (32 * MIB)

/* What is kept of all sources together, in bytes: shared out among the members by their size before reading, so that
 * the number of workers does not show. A member has at least LIMIT_KEPT_LEAST, less where there are very many. */
#define LIMIT_KEPT_ALL   (96 * MIB)
#define LIMIT_KEPT_SMALL (48 * MIB)
#define LIMIT_KEPT_LEAST (64 * KIB)
/* Log sources that one rule asks for, all its parts together; a correlation over more is refused. */
#define LIMIT_RULE_SOURCES 32
/* Of one source: beyond it, events are only counted, and matches make their rule unknown. */
#define LIMIT_KEPT       20000
#define LIMIT_KEPT_BYTES (16 * MIB)
#define LIMIT_NEAR       8
/* Of one source and one rule: events of the right id that are looked at for being near misses, though they lack what
 * the rule cannot do without. Fits a byte. */
#define LIMIT_NEAR_TRIED 64
/* Likewise: events that have what it cannot do without and fail all the same, of which it is told how near they came.
 */
#define LIMIT_NEAR_SCORED 1000
#define LIMIT_DIAGNOSTICS 100
/* Runs of consecutive record ids in one event log; a log with more is a filtered export with holes everywhere. */
#define LIMIT_ID_RUNS 4096
/* Attempts that are told apart, and files of one name that are compared: each with each. */
#define LIMIT_ATTEMPTS 4000
#define LIMIT_COMPARE  500
/* Files that the secret scanner of a disk inspection was given: each is looked for among the members. */
#define LIMIT_SCANNED 2000
/* Bundles of one case, and machines or states of a machine that are told apart in a bundle: a person has a few. Roots
 * that hold the same log, a multiple of 64; and steps spent on comparing what they tell. */
#define LIMIT_GATHERINGS 64
#define LIMIT_RIVALS     256
#define LIMIT_AGREE      20000000
#define LIMIT_QUOTE      2000
#define LIMIT_EVIDENCE   5
/* Different error codes of one bundle; a power of two. */
#define LIMIT_CODES 4096

/* Signatures. */
#define LIMIT_YAML_BYTES  (1 * MIB)
#define LIMIT_YAML_DEPTH  16
#define LIMIT_YAML_NODES  20000
#define LIMIT_YAML_SCALAR (16 * KIB)
#define LIMIT_RULES       4096
/* Errors of a set that are told one by one; nobody reads more. */
#define LIMIT_COMPLAINTS 500
/* Modes of the disk inspection, a bit each; there are about twenty, and sets of them are tried out. */
#define LIMIT_MODES 20
/* expect.json of a fixture: real ones have some KiB. */
#define LIMIT_EXPECT (1 * MIB)
/* A file of a fixture, and folders inside folders: bench makes event logs of 64 MiB, fixtures have some KiB. */
#define LIMIT_FIXTURE_FILE  (64 * MIB)
#define LIMIT_FIXTURE_DEPTH 32
/* Steps of one regex on one event, and the stack of its compiled form. */
#define LIMIT_REGEX_MATCH 100000
#define LIMIT_REGEX_STACK (512 * KIB)
/* Hits looked at for one correlation. */
#define LIMIT_CORRELATE 20000
/* Fields one correlation groups by; three is much. */
#define LIMIT_GROUP_BY 16

#endif
