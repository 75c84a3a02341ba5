using System.Runtime.InteropServices;

namespace UpStare.Frontend.Interop;

/// <summary>
/// The functions of libclang's C API that the parser uses, under the names that ClangSharp.Interop gives them. All types
/// are blittable, so a call costs no marshalling.
/// </summary>
public static unsafe partial class clang
{
    private const string Library = "libclang";

    static clang() => ClangLibrary.Register();

    [LibraryImport(Library, EntryPoint = "clang_createIndex")]
    public static partial void* createIndex(int excludeDeclarationsFromPCH, int displayDiagnostics);

    [LibraryImport(Library, EntryPoint = "clang_disposeIndex")]
    public static partial void disposeIndex(void* index);

    [LibraryImport(Library, EntryPoint = "clang_toggleCrashRecovery")]
    public static partial void toggleCrashRecovery(uint isEnabled);

    [LibraryImport(Library, EntryPoint = "clang_parseTranslationUnit2")]
    public static partial int parseTranslationUnit2(
        void* index, byte* sourceFile, byte** arguments, int argumentCount, CXUnsavedFile* unsaved, uint unsavedCount, uint options, void** unit);

    [LibraryImport(Library, EntryPoint = "clang_disposeTranslationUnit")]
    public static partial void disposeTranslationUnit(void* unit);

    [LibraryImport(Library, EntryPoint = "clang_getTranslationUnitCursor")]
    public static partial CXCursor getTranslationUnitCursor(void* unit);

    [LibraryImport(Library, EntryPoint = "clang_visitChildren")]
    public static partial uint visitChildren(
        CXCursor parent, delegate* unmanaged[Cdecl]<CXCursor, CXCursor, void*, CXChildVisitResult> visitor, void* data);

    [LibraryImport(Library, EntryPoint = "clang_Type_visitFields")]
    public static partial uint Type_visitFields(CXType type, delegate* unmanaged[Cdecl]<CXCursor, void*, CXVisitorResult> visitor, void* data);

    [LibraryImport(Library, EntryPoint = "clang_getCursorExtent")]
    public static partial CXSourceRange getCursorExtent(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorLocation")]
    public static partial CXSourceLocation getCursorLocation(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getFileLocation")]
    public static partial void getFileLocation(CXSourceLocation location, void** file, uint* line, uint* column, uint* offset);

    [LibraryImport(Library, EntryPoint = "clang_getCursorSpelling")]
    public static partial CXString getCursorSpelling(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getTypeSpelling")]
    public static partial CXString getTypeSpelling(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getCString")]
    public static partial byte* getCString(CXString text);

    [LibraryImport(Library, EntryPoint = "clang_disposeString")]
    public static partial void disposeString(CXString text);

    [LibraryImport(Library, EntryPoint = "clang_getCursorReferenced")]
    public static partial CXCursor getCursorReferenced(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCanonicalCursor")]
    public static partial CXCursor getCanonicalCursor(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorDefinition")]
    public static partial CXCursor getCursorDefinition(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_isCursorDefinition")]
    public static partial uint isCursorDefinition(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorSemanticParent")]
    public static partial CXCursor getCursorSemanticParent(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorLinkage")]
    public static partial CXLinkageKind getCursorLinkage(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_getStorageClass")]
    public static partial CX_StorageClass Cursor_getStorageClass(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorTLSKind")]
    public static partial int getCursorTLSKind(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_isFunctionInlined")]
    public static partial uint Cursor_isFunctionInlined(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_getNumArguments")]
    public static partial int Cursor_getNumArguments(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_getArgument")]
    public static partial CXCursor Cursor_getArgument(CXCursor cursor, uint index);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_getVarDeclInitializer")]
    public static partial CXCursor Cursor_getVarDeclInitializer(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getCursorType")]
    public static partial CXType getCursorType(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getTypedefDeclUnderlyingType")]
    public static partial CXType getTypedefDeclUnderlyingType(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getEnumDeclIntegerType")]
    public static partial CXType getEnumDeclIntegerType(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getEnumConstantDeclValue")]
    public static partial long getEnumConstantDeclValue(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_Cursor_getOffsetOfField")]
    public static partial long Cursor_getOffsetOfField(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getFieldDeclBitWidth")]
    public static partial int getFieldDeclBitWidth(CXCursor cursor);

    [LibraryImport(Library, EntryPoint = "clang_getTypeDeclaration")]
    public static partial CXCursor getTypeDeclaration(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getCanonicalType")]
    public static partial CXType getCanonicalType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getNamedType")]
    public static partial CXType Type_getNamedType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getModifiedType")]
    public static partial CXType Type_getModifiedType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getValueType")]
    public static partial CXType Type_getValueType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getPointeeType")]
    public static partial CXType getPointeeType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getElementType")]
    public static partial CXType getElementType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getArrayElementType")]
    public static partial CXType getArrayElementType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getNumElements")]
    public static partial long getNumElements(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getArraySize")]
    public static partial long getArraySize(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getResultType")]
    public static partial CXType getResultType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getNumArgTypes")]
    public static partial int getNumArgTypes(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getArgType")]
    public static partial CXType getArgType(CXType type, uint index);

    [LibraryImport(Library, EntryPoint = "clang_isFunctionTypeVariadic")]
    public static partial uint isFunctionTypeVariadic(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_isConstQualifiedType")]
    public static partial uint isConstQualifiedType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_isVolatileQualifiedType")]
    public static partial uint isVolatileQualifiedType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_isRestrictQualifiedType")]
    public static partial uint isRestrictQualifiedType(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getSizeOf")]
    public static partial long Type_getSizeOf(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_Type_getAlignOf")]
    public static partial long Type_getAlignOf(CXType type);

    [LibraryImport(Library, EntryPoint = "clang_getNumDiagnostics")]
    public static partial uint getNumDiagnostics(void* unit);

    [LibraryImport(Library, EntryPoint = "clang_getDiagnostic")]
    public static partial void* getDiagnostic(void* unit, uint index);

    [LibraryImport(Library, EntryPoint = "clang_disposeDiagnostic")]
    public static partial void disposeDiagnostic(void* diagnostic);

    [LibraryImport(Library, EntryPoint = "clang_getDiagnosticSeverity")]
    public static partial int getDiagnosticSeverity(void* diagnostic);

    [LibraryImport(Library, EntryPoint = "clang_getDiagnosticSpelling")]
    public static partial CXString getDiagnosticSpelling(void* diagnostic);

    [LibraryImport(Library, EntryPoint = "clang_getDiagnosticLocation")]
    public static partial CXSourceLocation getDiagnosticLocation(void* diagnostic);

    /// <summary>Takes the string over (it is disposed of).</summary>
    public static string Take(CXString text)
    {
        byte* bytes = getCString(text);
        string result = bytes == null ? "" : Marshal.PtrToStringUTF8((nint)bytes) ?? "";
        disposeString(text);
        return result;
    }
}
