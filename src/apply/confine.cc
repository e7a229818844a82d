#include "apply/confine.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace driftcast {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned kArchitecture = 0;
#endif

constexpr sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}
constexpr sock_filter Answer(unsigned action) { return BPF_STMT(BPF_RET | BPF_K, action); }
constexpr unsigned kRefuse = SECCOMP_RET_ERRNO | (EROFS & SECCOMP_RET_DATA);

// Refuses a system call whatever its arguments are.
void Refuse(std::vector<sock_filter>& program, long call) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
  program.push_back(Answer(kRefuse));
}

// Refuses an open whose flags (the given argument) ask for more than reading.
void RefuseWritingOpen(std::vector<sock_filter>& program, long call, size_t argument) {
  constexpr unsigned kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  const size_t offset = offsetof(seccomp_data, args) + argument * 8;
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 4));
  program.push_back(Load(offset));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kWriting, 0, 1));
  program.push_back(Answer(kRefuse));
  program.push_back(Answer(SECCOMP_RET_ALLOW));
}

std::vector<sock_filter> Program() {
  std::vector<sock_filter> program = {
    Load(offsetof(seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
    Answer(kRefuse),  // calls of another instruction set are not looked into
    Load(offsetof(seccomp_data, nr)),
#if defined(__x86_64__)
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),  // the x32 instruction set's numbers
    Answer(kRefuse),
#endif
  };
  RefuseWritingOpen(program, SYS_openat, 2);
#ifdef SYS_open
  RefuseWritingOpen(program, SYS_open, 1);
  for (const long call :
       {SYS_creat, SYS_mkdir, SYS_rmdir, SYS_rename, SYS_link, SYS_unlink, SYS_symlink, SYS_mknod,
        SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat})
    Refuse(program, call);
#endif
#ifdef SYS_renameat
  Refuse(program, SYS_renameat);
#endif
  // openat2 takes its flags through a pointer, which a filter cannot follow: refused altogether.
  for (const long call :
       {SYS_openat2,          SYS_mkdirat,   SYS_unlinkat,  SYS_renameat2,      SYS_linkat,
        SYS_symlinkat,        SYS_mknodat,   SYS_truncate,  SYS_ftruncate,      SYS_fallocate,
        SYS_fchmod,           SYS_fchmodat,  SYS_fchown,    SYS_fchownat,       SYS_utimensat,
        SYS_setxattr,         SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr,    SYS_lremovexattr,
        SYS_fremovexattr,     SYS_mount,     SYS_umount2,   SYS_io_uring_setup, SYS_ptrace,
        SYS_process_vm_writev})
    Refuse(program, call);
  program.push_back(Answer(SECCOMP_RET_ALLOW));
  return program;
}

}  // namespace

bool ForbidWriting() {
  if (kArchitecture == 0) return false;
  std::vector<sock_filter> filters = Program();
  const sock_fprog program{static_cast<unsigned short>(filters.size()), filters.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace driftcast
