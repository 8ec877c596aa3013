#include <errno.h>
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "parser.h"

#ifndef VMSIFT_VERSION
#define VMSIFT_VERSION "0.1"
#endif

static const char help[] =
    "vmsift reads a log bundle of a Windows Azure VM and says which documented cause explains its failed backup.\n"
    "\n"
    "  vmsift BUNDLE...                        the same as vmsift analyze\n"
    "  vmsift analyze [OPTION...] BUNDLE...    causes, evidence, remedies, and what to collect next\n"
    "  vmsift sources [OPTION...] BUNDLE...    what was read, from when to when, and what is not in the bundle\n"
    "  vmsift dump [--format xml|jsonl] FILE   one file through one parser, every record\n"
    "  vmsift match --signatures DIR BUNDLE... every match of the rules in DIR, one JSON line each\n"
    "  vmsift signatures list | show ID        the causes that are known; conditions, remedy and source of one\n"
    "  vmsift signatures lint [DIR|FILE...]    errors and advice on signatures; without a name, on all that are "
    "loaded\n"
    "  vmsift signatures new ID --from BUNDLE --line SOURCE:LINE [-o DIR]\n"
    "                                          a draft signature and its fixtures out of a line of a bundle\n"
    "  vmsift signatures test [DIR]            the fixtures below DIR (fixtures/signatures), as TAP; 1 if one fails\n"
    "  vmsift signatures coverage BUNDLE...    what each signature came to over many, and what it never had data for;\n"
    "                                          a folder with archives in it stands for these and the folders beside\n"
    "  vmsift explain CODE                     what 0x80110401, -2147024891, E_UNEXPECTED or a portal error means\n"
    "  vmsift explain [OPTION...] ID BUNDLE    one signature: every condition, and the nearest line that missed it\n"
    "  vmsift --help | --version\n"
    "\n"
    "BUNDLE is an archive (zip, 7z, tar.*, cab), a folder, one loose file, or - for standard input.\n"
    "\n"
    "  --case                  all bundles are collections of one VM: read them as one\n"
    "  --format term|json      term on a terminal and elsewhere, json is docs/report.schema.json\n"
    "  -o FILE                 write the report there\n"
    "  --signatures DIR        signatures that are added, or replace built-in ones of the same name\n"
    "  --fixtures DIR          lint: where their fixtures are (else fixtures beside them)\n"
    "  --at TIME               explain the failed backup nearest to that time (2023-05-16T21:33Z)\n"
    "  --task-id ID            explain the failed backup of that task\n"
    "  --code NAME             the error that the portal shows: causes documented for it come first\n"
    "  --assert NAME=yes|no    answer a question of the report\n"
    "  --recover               dump: also what is left of old and broken records of an event log, marked as such\n"
    "  --password-file FILE    its first line opens encrypted zip members; without it, a terminal is asked\n"
    "  --color WHEN            always, never or auto (NO_COLOR is respected)\n"
    "  --junit F, --sarif F    signatures test: the same for machines\n"
    "  --update                signatures test: write verdicts and conditions that differ into expect.json\n"
    "  --profile               analyze, match: how long each rule took, on stderr\n"
    "  --exit-code             3 confirmed or likely, 4 possible, 5 cannot tell, 0 everything ruled out\n"
    "\n"
    "Exit: 0 analysed; 1 usage, a bad signature or our own failure; 2 a bundle that cannot be read.\n";

typedef struct Command {
    const char *name;
    int (*run)(Arguments args);
} Command;

static void print_version(void)
{
    Confinement c = platform_confine();
    puts("vmsift " VMSIFT_VERSION);
    if (c.calls || c.files) {
        printf("while it reads, it gives up: %snew files, other programs (%s)\n", c.calls ? "network, " : "",
               c.calls && c.files ? "seccomp, Landlock"
               : c.calls          ? "seccomp"
                                  : "Landlock");
    } else {
        puts("while it reads, it is not confined: neither seccomp nor Landlock here, or not in this build");
    }
}

static int printed(void)
{
    return fflush(stdout) == 0 ? EXIT_ANALYSED : usage_error("it could not be written: ", strerror(errno));
}

static const Command commands[] = {{"analyze", command_analyze},       {"dump", command_dump},
                                   {"explain", command_explain},       {"match", command_match},
                                   {"signatures", command_signatures}, {"sources", command_sources}};

/* A bare word that is no file was meant as a command. */
static bool is_unknown_command(const char *word)
{
    for (const char *c = word; *c; c++) {
        if (*c < 'a' || *c > 'z') {
            return false;
        }
    }
    return platform_file(word, true, NULL, NULL) == FILE_NONE;
}

/* Behind a command and an action, too. */
static bool asks_help(Arguments args)
{
    for (int i = 0; i < args.count; i++) {
        if (strcmp(args.at[i], "--help") == 0) {
            return true;
        }
    }
    return args.count > 0 && strcmp(args.at[0], "-h") == 0;
}

int main(int argc, char **argv)
{
    Arguments args = {argv + 1, argc - 1};
    platform_begin();
    parsers_begin();
    if (args.count == 0 || asks_help(args)) {
        fputs(help, args.count ? stdout : stderr);
        return args.count ? printed() : EXIT_OURS;
    }
    if (strcmp(args.at[0], "--version") == 0) {
        print_version();
        return printed();
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(args.at[0], commands[i].name) == 0) {
            return commands[i].run((Arguments){args.at + 1, args.count - 1});
        }
    }
    return is_unknown_command(args.at[0]) ? usage_error("no such command (and no such file): ", args.at[0])
                                          : command_analyze(args);
}
