// Takes the right to write away from this process for good: what a dry run promises, the kernel
// keeps.
#ifndef DRIFTCAST_APPLY_CONFINE_H_
#define DRIFTCAST_APPLY_CONFINE_H_

namespace driftcast {

// From here on neither this process nor its children can open a file for writing, or make, rename,
// link, truncate or remove one, or change mode, owner or time: a seccomp filter answers with EROFS.
// Open descriptors, such as standard output, still work. False when the kernel has no such filters.
bool ForbidWriting();

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_CONFINE_H_
