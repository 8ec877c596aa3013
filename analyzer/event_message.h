/* What Event Viewer would say of an event that carries its strings only: event logs hold no message texts. These are
 * words of ours, for people who read a quote. They are no evidence: signatures match what the record itself holds
 * (Event.message, or its strings), and never see them.
 *
 * Marks in a text of the catalogue (event_message.def):
 *   %1 … %99     the string at that position, counted over all data but Binary; %(Name): the one of that name
 *   %2!code!     an error code in any form that event logs write (%%1053, %%2147942405, 0x80070005, c0000005), decoded
 *   %4!msi!      a status of the Windows Installer, decoded
 *   %5!1=a|2=b!  what these values mean
 *   {…}          left out if a string in it is empty or missing; outside braces the whole text is not used then
 * Whatever is decoded also stands as it is: `Access was denied (%%5, ERROR_ACCESS_DENIED)`. */
#ifndef EVENT_MESSAGE_H
#define EVENT_MESSAGE_H

#include "base/arena.h"
#include "event.h"

typedef struct EventMessage {
    const char *provider;
    const char *alias; /* its older source name, as EventSourceName has it; "": none */
    uint32_t id;
    const char *text;
} EventMessage;

/* Of an event log; NULL if the catalogue does not know it. */
const EventMessage *event_message_find(Str provider, Str provider_alias, uint32_t id);

/* The text with the event's strings in it; empty if there is none, or it does not fit them. Behind it, in brackets, the
 * strings that it leaves out, so that all of them can be found in the file: `… [param4=1; Data6=60]`. */
Str event_message(Arena *a, const Event *ev);

#endif
