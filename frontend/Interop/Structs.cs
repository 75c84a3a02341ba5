using System.Runtime.InteropServices;

namespace UpStare.Frontend.Interop;

/// <summary>A place in clang's syntax tree; the layout is that of clang-c/Index.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CXCursor
{
    public CXCursorKind kind;
    public int xdata;
    public void* data0;
    public void* data1;
    public void* data2;

    /// <summary>An expression (not a reference, attribute or type).</summary>
    public readonly bool IsExpression => kind is >= CXCursorKind.CXCursor_UnexposedExpr and <= CXCursorKind.CXCursor_PackIndexingExpr;

    public readonly bool IsStatement => kind is >= CXCursorKind.CXCursor_UnexposedStmt and <= CXCursorKind.CXCursor_OpenACCLoopConstruct;

    public readonly bool IsDeclaration => kind is >= CXCursorKind.CXCursor_UnexposedDecl and < CXCursorKind.CXCursor_TypeRef or CXCursorKind.CXCursor_StaticAssert;

    /// <summary>The cursor that clang hands out where there is none.</summary>
    public readonly bool IsNull => kind == CXCursorKind.CXCursor_InvalidFile && data0 == null;
}

/// <summary>A type; <c>data0</c> (the type with its qualifiers) identifies it within a translation unit.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CXType
{
    public CXTypeKind kind;
    public void* data0;
    public void* data1;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct CXSourceLocation
{
    public void* ptr_data0;
    public void* ptr_data1;
    public uint int_data;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct CXSourceRange
{
    public void* ptr_data0;
    public void* ptr_data1;
    public uint begin_int_data;
    public uint end_int_data;

    /// <summary>clang_getRangeStart without leaving managed code.</summary>
    public readonly CXSourceLocation Begin => new() { ptr_data0 = ptr_data0, ptr_data1 = ptr_data1, int_data = begin_int_data };

    /// <summary>clang_getRangeEnd without leaving managed code.</summary>
    public readonly CXSourceLocation End => new() { ptr_data0 = ptr_data0, ptr_data1 = ptr_data1, int_data = end_int_data };
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct CXString
{
    public void* data;
    public uint private_flags;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct CXUnsavedFile
{
    public byte* Filename;
    public byte* Contents;
    public nuint Length;
}

public enum CXChildVisitResult
{
    CXChildVisit_Break = 0,
    CXChildVisit_Continue = 1,
    CXChildVisit_Recurse = 2,
}

public enum CXVisitorResult
{
    CXVisit_Break = 0,
    CXVisit_Continue = 1,
}

public enum CXLinkageKind
{
    CXLinkage_Invalid,
    CXLinkage_NoLinkage,
    CXLinkage_Internal,
    CXLinkage_UniqueExternal,
    CXLinkage_External,
}

public enum CX_StorageClass
{
    CX_SC_Invalid,
    CX_SC_None,
    CX_SC_Extern,
    CX_SC_Static,
    CX_SC_PrivateExtern,
    CX_SC_OpenCLWorkGroupLocal,
    CX_SC_Auto,
    CX_SC_Register,
}
