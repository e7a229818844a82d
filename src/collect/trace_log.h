// What eBPF tools of a site write down about files: one JSON object a line.
//
// Any bytes are accepted; what is not understood tells nothing. Events of containers are left out:
// their paths are not the host's.
#ifndef DRIFTCAST_COLLECT_TRACE_LOG_H_
#define DRIFTCAST_COLLECT_TRACE_LOG_H_

#include <optional>
#include <string_view>

#include "collect/file_touch.h"

namespace driftcast {

// A line of Tetragon's export: process_kprobe and process_lsm events with a file or path among
// their arguments. Of security_file_permission and security_mmap_file only writing counts, of
// functions that open or read nothing does.
std::optional<FileTouch> ReadTetragonLine(std::string_view line);

// A line of Falco's file_output with json_output: needs fd.name (of renames fs.path.target) and
// proc.pid among the output fields. An open is exact only when evt.is_open_write says so.
std::optional<FileTouch> ReadFalcoLine(std::string_view line);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_TRACE_LOG_H_
