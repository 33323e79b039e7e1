/*
 * The few types of Microsoft's SDK that our headers need, for compilers in Microsoft's mode where no SDK is at hand.
 * In the place of <winsock2.h>, for that is what ipexport.h includes.
 */
#pragma once

#define _WINDEF_
#define WINAPI               __stdcall
#define NTAPI                __stdcall
#define POINTER_32           __ptr32
#define INVALID_HANDLE_VALUE ((HANDLE)(ULONG_PTR)-1)

typedef unsigned char UCHAR, BYTE, *PUCHAR, *PBYTE;
typedef unsigned short USHORT, WORD;
typedef unsigned short WCHAR;
typedef long LONG;
typedef unsigned long ULONG, DWORD;
typedef unsigned __int64 ULONG64;
typedef int BOOL;
typedef void *PVOID, *LPVOID, *HANDLE;
#ifdef _WIN64
typedef unsigned __int64 ULONG_PTR;
typedef __int64(WINAPI *FARPROC)(void);
#else
typedef unsigned int ULONG_PTR;
typedef int(WINAPI *FARPROC)(void);
#endif
