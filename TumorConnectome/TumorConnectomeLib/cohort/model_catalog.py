"""What is known about the embedding models: name, description, reference, link and citation.

Facts are from the papers' abstracts. The order in which a cohort's models are shown is the cohort's own.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelInfo:
    """One embedding model, in words.

    Parameters
    ----------
    key : str
        Name of the model in a cohort, as in ``<key>_features.pkl``.
    name : str
        Name the authors use.
    description : str
        What it was trained for and on, in one or two sentences.
    reference : str
        Authors, title, place and year in one line; "" when there is none.
    url : str
        Address of the paper; "" when there is none.
    citation : str
        BibTeX entry; "" when there is none.
    """

    key: str
    name: str
    description: str
    reference: str = ""
    url: str = ""
    citation: str = ""


def model_info(key: str) -> ModelInfo:
    """What is known about a model; an unknown one gets an entry that says so."""
    return _KNOWN.get(key.lower()) or ModelInfo(key, key, "Embeddings read from a file; no more is known about this model.")


def _bibtex(kind, key, **fields):
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _arxiv(identifier, kind, key, **fields):
    return {"url": f"https://arxiv.org/abs/{identifier}",
            "citation": _bibtex(kind, key, **fields, eprint=identifier, archivePrefix="arXiv")}


def _doi(identifier, kind, key, **fields):
    return {"url": f"https://doi.org/{identifier}", "citation": _bibtex(kind, key, **fields, doi=identifier)}


_MODELS = (
    ModelInfo(
        "CTClipVit", "CT-CLIP",
        "Image encoder of a vision-language model: chest CT volumes and their radiology reports were brought together by "
        "contrastive learning on CT-RATE, 25,692 non-contrast chest scans of 21,304 patients.",
        "Hamamci et al., Generalist foundation models from a multimodal dataset for 3D computed tomography, Nature Biomedical "
        "Engineering, 2026",
        **_doi("10.1038/s41551-025-01599-y", "article", "hamamci2026generalist",
               title="Generalist foundation models from a multimodal dataset for {3D} computed tomography",
               author="Hamamci, Ibrahim Ethem and Er, Sezgin and Wang, Chenyu and Almas, Furkan and others",
               journal="Nature Biomedical Engineering", year=2026)),
    ModelInfo(
        "CTFM", "CT-FM",
        "Image model without labels: contrastive learning on 148,000 CT scans of many body regions from the NCI Imaging Data "
        "Commons, meant as a start for segmentation, triage and retrieval.",
        "Pai et al., Vision Foundation Models for Computed Tomography, arXiv:2501.09001, 2025",
        **_arxiv("2501.09001", "misc", "pai2025ctfm", title="Vision Foundation Models for Computed Tomography",
                 author="Pai, Suraj and Hadzic, Ibrahim and Bontempi, Dennis and Bressem, Keno and Kann, Benjamin H. and "
                        "Fedorov, Andriy and Mak, Raymond H. and Aerts, Hugo J. W. L.", year=2025)),
    ModelInfo(
        "FMCIB", "FMCIB",
        "Convolutional encoder of lesions rather than of whole scans: self-supervised learning on 11,467 radiographic lesions, "
        "meant as a start for cancer imaging biomarkers.",
        "Pai et al., Foundation model for cancer imaging biomarkers, Nature Machine Intelligence 6, 354-367, 2024",
        **_doi("10.1038/s42256-024-00807-9", "article", "pai2024fmcib",
               title="Foundation model for cancer imaging biomarkers",
               author="Pai, Suraj and Bontempi, Dennis and Hadzic, Ibrahim and Prudente, Vasco and others",
               journal="Nature Machine Intelligence", volume=6, number=3, pages="354--367", year=2024)),
    ModelInfo(
        "Merlin", "Merlin",
        "Vision-language model of abdominal CT: trained on 15,331 scans with the diagnosis codes of the health record and the "
        "radiology reports that go with them. The lung is at the edge of what it saw.",
        "Blankemeier et al., Merlin: a computed tomography vision-language foundation model and dataset, Nature, 2026 "
        "(arXiv:2406.06512)",
        **_arxiv("2406.06512", "article", "blankemeier2026merlin",
                 title="Merlin: a computed tomography vision-language foundation model and dataset",
                 author="Blankemeier, Louis and Kumar, Ashwin and Cohen, Joseph Paul and Liu, Jiaming and others",
                 journal="Nature", year=2026)),
    ModelInfo(
        "ModelsGen", "Models Genesis",
        "Encoder and decoder that learned without labels to restore 3-D image patches after these had been distorted: gray "
        "values changed, pixels shuffled, parts cut out.",
        "Zhou et al., Models Genesis: Generic Autodidactic Models for 3D Medical Image Analysis, MICCAI 2019, LNCS 11767, "
        "384-393",
        **_doi("10.1007/978-3-030-32251-9_42", "inproceedings", "zhou2019genesis",
               title="Models Genesis: Generic Autodidactic Models for {3D} Medical Image Analysis",
               author="Zhou, Zongwei and Sodha, Vatsal and Rahman Siddiquee, Md Mahfuzur and Feng, Ruibin and "
                      "Tajbakhsh, Nima and Gotway, Michael B. and Liang, Jianming",
               booktitle="Medical Image Computing and Computer Assisted Intervention (MICCAI)", series="LNCS", volume=11767,
               pages="384--393", year=2019)),
    ModelInfo(
        "PASTA", "PASTA",
        "Tumor model of many organs: trained on 30,000 CT scans into which lesions of ten organs were drawn by a generator, "
        "with their masks and structured reports.",
        "Lei et al., A Data-Efficient Pan-Tumor Foundation Model for Oncology CT Interpretation, arXiv:2502.06171, 2025",
        **_arxiv("2502.06171", "misc", "lei2025pasta",
                 title="A Data-Efficient Pan-Tumor Foundation Model for Oncology {CT} Interpretation",
                 author="Lei, Wenhui and Chen, Hanyu and Zhang, Zitian and Luo, Luyang and others", year=2025)),
    ModelInfo(
        "SUPREME", "SuPreM",
        "Segmentation model trained with labels: 9,262 abdominal CT volumes of AbdomenAtlas 1.1 with masks of 25 anatomical "
        "structures, meant as a start for other 3-D tasks.",
        "Li, Yuille & Zhou, How Well Do Supervised 3D Models Transfer to Medical Imaging Tasks?, ICLR 2024 (arXiv:2501.11253)",
        **_arxiv("2501.11253", "inproceedings", "li2024suprem",
                 title="How Well Do Supervised {3D} Models Transfer to Medical Imaging Tasks?",
                 author="Li, Wenxuan and Yuille, Alan and Zhou, Zongwei",
                 booktitle="International Conference on Learning Representations (ICLR)", year=2024)),
    ModelInfo(
        "VISTA3D", "VISTA3D",
        "Segmentation model: finds 127 classes of structures in CT by itself and follows a user's clicks for others; its "
        "encoder was trained with masks.",
        "He et al., VISTA3D: A Unified Segmentation Foundation Model For 3D Medical Imaging, CVPR 2025 (arXiv:2406.05285)",
        **_arxiv("2406.05285", "inproceedings", "he2025vista3d",
                 title="{VISTA3D}: A Unified Segmentation Foundation Model For {3D} Medical Imaging",
                 author="He, Yufan and Guo, Pengfei and Tang, Yucheng and Myronenko, Andriy and others",
                 booktitle="IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)", year=2025)),
    ModelInfo(
        "Voco", "VoCo",
        "Image model without labels: learned to tell where in the body a piece of a CT volume comes from, by contrast with "
        "other pieces; trained on up to 160,000 CT volumes.",
        "Wu, Zhuang & Chen, Large-Scale 3D Medical Image Pre-training with Geometric Context Priors, IEEE TPAMI, 2025",
        **_doi("10.1109/TPAMI.2025.3639593", "article", "wu2025voco",
               title="Large-Scale {3D} Medical Image Pre-training with Geometric Context Priors",
               author="Wu, Linshan and Zhuang, Jiaxin and Chen, Hao",
               journal="IEEE Transactions on Pattern Analysis and Machine Intelligence", year=2025)),
    ModelInfo(
        "IntensityHistogram", "Intensity histogram",
        "Not a trained model: histograms of the CT numbers (HU) in four shells around the middle of the tumor box. It sees how "
        "dense tumor and surroundings are, not their form."),
    ModelInfo(
        "ShapeDescriptor", "Shape descriptor",
        "Not a trained model: how far the tumor reaches in 240 directions, in mm and relative to its own size, how much of "
        "each shell it fills, and how sharp its margin is."),
    ModelInfo(
        "TextureDescriptor", "Texture descriptor",
        "Not a trained model: which CT numbers lie next to each other (co-occurrence after Haralick, 1973) and how steep the "
        "density changes, at three scales, in the tumor box and its margin."),
    ModelInfo(
        "SeededRandomFeatures", "Seeded random features",
        "Not a trained model: a small convolutional network whose weights are random numbers from a seed. It shows how "
        "embedding a tumor works where no weights file is; what it finds alike need not look alike to anyone."),
    ModelInfo(
        "Consensus", "Consensus of the models",
        "Not a model: reciprocal-rank fusion of the neighbor lists of all models of the cohort. Its distance is no cosine "
        "distance: 0 is the nearest in every model, 1 in no list of any model, 2 the farthest in every model.",
        "Cormack, Clarke & Buettcher, Reciprocal rank fusion outperforms Condorcet and individual rank learning methods, "
        "SIGIR 2009, 758-759",
        **_doi("10.1145/1571941.1572114", "inproceedings", "cormack2009reciprocal",
               title="Reciprocal rank fusion outperforms {Condorcet} and individual rank learning methods",
               author="Cormack, Gordon V. and Clarke, Charles L. A. and Buettcher, Stefan",
               booktitle="ACM SIGIR Conference on Research and Development in Information Retrieval", pages="758--759",
               year=2009)),
)
_KNOWN = {model.key.lower(): model for model in _MODELS}
