"""Which attributes of the source a derived series repeats. What is not named here is never copied, private ones too.

Left out on purpose, as claims about an acquisition that made thick slices and no others: exposure, dose, kernel,
filter, gantry, protocol, times of acquisition, and what identifies the step, the device and the irradiation event.
"""

from __future__ import annotations

# PS3.3 C.7.1.1 and C.7.1.3.
PATIENT = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "TypeOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientBirthTime",
    "PatientSex",
    "QualityControlSubject",
    "OtherPatientNames",
    "OtherPatientIDsSequence",
    "EthnicGroup",
    "PatientComments",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
)
# PS3.3 C.7.2.1 to C.7.2.3.
STUDY = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "TimezoneOffsetFromUTC",
    "StudyID",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "StudyDescription",
    "ReferringPhysicianName",
    "ConsultingPhysicianName",
    "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy",
    "ProcedureCodeSequence",
    "ReasonForPerformedProcedureCodeSequence",
    "LongitudinalTemporalInformationModified",
    "AdmittingDiagnosesDescription",
    "AdmittingDiagnosesCodeSequence",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "SmokingStatus",
    "PregnancyStatus",
    "AdditionalPatientHistory",
    "AdmissionID",
    "ClinicalTrialTimePointID",
    "ClinicalTrialTimePointDescription",
)
# What stays true of the content: where it lies in whom, and what its HU depend on.
CONTENT = (
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "BodyPartExamined",
    "AnatomicRegionSequence",
    "Laterality",
    "PatientPosition",
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusRoute",
    "ContrastBolusIngredient",
    "ContrastBolusIngredientConcentration",
    "KVP",
    "RescaleType",
)
COMMON = ("SpecificCharacterSet", *PATIENT, *STUDY, *CONTENT)

# The scanner, which contributed (PS3.3 C.12.1.1.5).
EQUIPMENT = (
    "Manufacturer",
    "ManufacturerModelName",
    "InstitutionName",
    "StationName",
    "DeviceSerialNumber",
    "SoftwareVersions",
)
WINDOW = ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction")
# Lossy once, lossy for ever (PS3.3 C.7.6.1.1.5).
LOSSY_COMPRESSION = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
# Where the functional groups of a multi-frame image (PS3.3 C.7.6.16.2) keep what the header of a single one says.
FUNCTIONAL_GROUPS = {
    "FrameVOILUTSequence": WINDOW,
    "CTXRayDetailsSequence": ("KVP",),
    "FrameAnatomySequence": ("AnatomicRegionSequence",),
    "PixelValueTransformationSequence": ("RescaleType",),
}

# Required, but empty where the source does not tell (type 2, PS3.3 A.3).
REQUIRED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PositionReferenceIndicator",
    "PatientPosition",
    "KVP",
    "AcquisitionNumber",
)
# Of what is copied, only this may be empty (type 2); all else says nothing then, or must not be (type 1C, PS3.5 7.4).
MAY_BE_EMPTY = (*REQUIRED, "ContrastBolusAgent")
# By these, all slices must belong together; none of their values is ever told.
IDENTITY = {
    "PatientID": "patient",
    "PatientName": "patient",
    "StudyInstanceUID": "study",
    "FrameOfReferenceUID": "frame of reference",
}
